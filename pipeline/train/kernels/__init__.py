"""The seam for the hardware: one interface for all that training does with hyperedges, graphs and tall matrices.

`kernels.Kernels` says it in torch's words and runs on any device; `compiled.CompiledKernels` replaces its loops by compiled ones
on a CPU. No other code of training asks what it runs on.
"""
