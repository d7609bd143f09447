# Stage 2 after TSP on THUMOS14: lofi_tsm_thumos.py from the encoder that TSP has trained.
#
#   bash tools/dist_train.sh configs/lofi_tsp_tsm_thumos.py 4
#
# needs the best checkpoint of tsp_tsm_thumos.py at `load_from`. Then stage 3, gtad_tsm_thumos.py with
# LOFI_FEATURES=features/lofi_tsp_tsm_thumos.
# Paper:    no such row, in TSP's or LoFi's
# Ours:     not run
# GPUs, memory, hours: as lofi_tsm_thumos.py
_base_ = './lofi_tsm_thumos.py'

load_from = 'checkpoints/tsp_tsm_thumos.pth'
