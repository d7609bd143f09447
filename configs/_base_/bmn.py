# BMN (ICCV 2019), in the place of G-TAD: T = D, 32 bins in an anchor.
bmn_head = dict(type='BMNHead')
