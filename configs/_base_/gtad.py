# G-TAD (CVPR 2020) as used by LoFi on ActivityNet and HACS: T = D, 32 inner and 4 context bins.
gtad_head = dict(type='GTADHead')
