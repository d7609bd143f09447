# Stage 2 after TSP: lofi_tsm_anet.py from the encoder that TSP has trained.
#
#   bash tools/dist_train.sh configs/lofi_tsp_tsm_anet.py 4
#
# needs the best checkpoint of tsp_tsm_anet.py at `load_from`. Then stage 3, gtad_tsm_anet.py with
# LOFI_FEATURES=features/lofi_tsp_tsm_anet.
# Paper:    no such row, in TSP's or LoFi's
# Ours:     not run
# GPUs, memory, hours: as lofi_tsm_anet.py
_base_ = './lofi_tsm_anet.py'

load_from = 'checkpoints/tsp_tsm_anet.pth'
