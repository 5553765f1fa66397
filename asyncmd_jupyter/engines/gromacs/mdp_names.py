"""The parameters that GROMACS 2022 to 2026 know, by the feature that reads them, with types.

``#`` stands for a number. Names are compared as GROMACS compares them: without regard to case,
``-`` and ``_``.
"""

from __future__ import annotations

from asyncmd_jupyter.engines.gromacs.mdp_scan import PREPROCESSOR, SCANNED_REALS, SCANNED_WHOLES
from asyncmd_jupyter.engines.mdvalues import (
    CHOICE,
    FLAG,
    LONG,
    REAL,
    REALS,
    TEXT,
    WHOLE,
    WHOLES,
    WORDS,
    Kind,
)

# Read in every run.
ALWAYS: dict[Kind, str] = {
    LONG: "nsteps init-step ld-seed",
    WHOLE: """
        simulation-part nstcomm niter nstcgsteep nbfgscorr nstxout nstvout nstfout nstlog
        nstcalcenergy nstenergy nstxout-compressed nstlist fourier-nx fourier-ny fourier-nz
        pme-order nsttcouple nh-chain-length nstpcouple gen-seed lincs-order lincs-iter nwall
        nstdisreout nstorireout init-lambda-state nstdhdl calc-lambda-neighbors sc-power
        dh-hist-size userint1 userint2 userint3 userint4 density-guided-simulation-nst
        qmmm-cp2k-qmcharge qmmm-cp2k-qmmultiplicity colvars-seed fmm-exafmm-order
        fmm-fmsolvr-multipole-order fmm-fmsolvr-tree-depth""",
    REAL: """
        tinit dt bd-fric emtol emstep fcstep rtpi compressed-x-precision verlet-buffer-tolerance
        verlet-buffer-pressure-tolerance rlist rcoulomb-switch rcoulomb epsilon-r epsilon-rf
        rvdw-switch rvdw table-extension fourierspacing ewald-rtol ewald-rtol-lj epsilon-surface
        tau-p gen-temp shake-tol lincs-warnangle wall-r-linpot wall-ewald-zfac disre-fc disre-tau
        orire-fc orire-tau init-lambda delta-lambda sc-alpha sc-r-power sc-sigma sc-sigma-min
        sc-gapsys-scale-linpoint-lj sc-gapsys-scale-linpoint-q sc-gapsys-sigma-lj dh-hist-spacing
        cos-acceleration sim-temp-low sim-temp-high userreal1 userreal2 userreal3 userreal4
        mass-repartition-factor ensemble-temperature density-guided-simulation-force-constant
        density-guided-simulation-gaussian-transform-spreading-width
        density-guided-simulation-gaussian-transform-spreading-range-in-multiples-of-width
        density-guided-simulation-adaptive-force-scaling-time-constant nnpot-link-distance
        nnpot-pair-cutoff""",
    REALS: """
        accelerate electric-field-x electric-field-y electric-field-z
        density-guided-simulation-shift-vector density-guided-simulation-transformation-matrix""",
    SCANNED_REALS: "deform",
    FLAG: """
        mts periodic-molecules print-nose-hoover-chain-variables qmmm gen-vel continuation
        shake-sor morse pull awh rotation disre-mixed orire free-energy couple-intramol
        dhdl-print-energy sc-coul separate-dhdl-file dhdl-derivatives simulated-tempering
        deform-init-flow density-guided-simulation-active
        density-guided-simulation-normalize-densities
        density-guided-simulation-adaptive-force-scaling qmmm-cp2k-active colvars-active
        nnpot-active fmm-active""",
    CHOICE: """
        integrator comm-mode cutoff-scheme pbc coulombtype coulomb-modifier vdw-type vdw-modifier
        dispcorr lj-pme-comb-rule ewald-geometry implicit-solvent tcoupl pcoupl pcoupltype
        refcoord-scaling constraints constraint-algorithm wall-type disre disre-weighting
        couple-lambda0 couple-lambda1 sc-function simulated-tempering-scaling swapcoords adress
        ensemble-temperature-setting density-guided-simulation-similarity-measure
        density-guided-simulation-atom-spreading-weight qmmm-cp2k-qmmethod nnpot-link-type
        nnpot-embedding fmm-backend fmm-exafmm-direct-provider fmm-fmsolvr-direct-provider""",
    PREPROCESSOR: "include define",
    TEXT: """
        imd-group orire-fitgrp couple-moltype density-guided-simulation-group
        density-guided-simulation-reference-density-filename qmmm-cp2k-qmgroup
        qmmm-cp2k-qmfilenames colvars-configfile nnpot-modelfile nnpot-input-group
        nnpot-nn-charge nnpot-model-input#""",
    WORDS: """
        comm-grps compressed-x-grps energygrps energygrp-table energygrp-excl tc-grps qmmm-grps
        annealing wall-atomtype acc-grps freezegrps freezedim user1-grps user2-grps""",
}

TEMPERATURE: dict[Kind, str] = {REALS: "tau-t ref-t"}
PRESSURE: dict[Kind, str] = {SCANNED_REALS: "compressibility ref-p"}
ANNEALING: dict[Kind, str] = {WHOLES: "annealing-npoints", REALS: "annealing-time annealing-temp"}
WALLS: dict[Kind, str] = {REALS: "wall-density"}
TIME_STEPS: dict[Kind, str] = {WHOLE: "mts-levels mts-level2-factor", WORDS: "mts-level2-forces"}

LAMBDAS: dict[Kind, str] = {
    REALS: """
        fep-lambdas mass-lambdas coul-lambdas vdw-lambdas bonded-lambdas restraint-lambdas
        temperature-lambdas init-lambda-weights""",
}
EXPANDED: dict[Kind, str] = {
    WHOLE: """
        nstexpanded weight-equil-number-all-lambda weight-equil-number-samples
        weight-equil-number-steps lmc-seed lmc-repeats lmc-forced-nstart nst-transition-matrix
        mininum-var-min minimum-var-min weight-c-range""",
    REAL: """
        weight-equil-wl-delta weight-equil-count-ratio mc-temperature lmc-gibbsdelta wl-scale
        wl-ratio init-wl-delta""",
    REALS: "init-histogram-counts init-wl-histogram-counts",
    FLAG: "symmetrized-transition-matrix wl-oneovert",
    CHOICE: "lmc-stats lmc-move lmc-weights-equil",
}

PULL: dict[Kind, str] = {
    WHOLE: "pull-nstxout pull-nstfout pull-ngroups pull-ncoords pull-group#-pbcatom",
    REAL: """
        pull-cylinder-r pull-constr-tol pull-coord#-dx pull-coord#-init pull-coord#-rate
        pull-coord#-k pull-coord#-kb""",
    FLAG: """
        pull-print-com pull-print-ref-value pull-print-components pull-pbc-ref-prev-step-com
        pull-xout-average pull-fout-average pull-coord#-start""",
    CHOICE: "pull-coord#-type pull-coord#-geometry",
    TEXT: "pull-group#-name pull-coord#-potential-provider pull-coord#-expression",
    SCANNED_WHOLES: "pull-coord#-groups",
    SCANNED_REALS: "pull-coord#-origin pull-coord#-vec",
    WORDS: "pull-coord#-dim",
}
AWH: dict[Kind, str] = {
    WHOLE: """
        awh-seed awh-nstout awh-nstsample awh-nsamples-update awh-nbias awh#-share-group awh#-ndim
        awh#-dim#-coord-index""",
    REAL: """
        awh#-error-init awh#-growth-factor awh#-target-beta-scaling awh#-target-cutoff
        awh#-target-metric-scaling-limit awh#-dim#-start awh#-dim#-end awh#-dim#-force-constant
        awh#-dim#-diffusion awh#-dim#-cover-diameter""",
    FLAG: """
        awh-share-multisim awh#-equilibrate-histogram awh#-user-data
        awh#-target-metric-scaling""",
    CHOICE: "awh-potential awh#-growth awh#-target awh#-dim#-coord-provider",
}
ROTATION: dict[Kind, str] = {
    WHOLE: "rot-nstrout rot-nstsout rot-ngroups rot-potfit-nsteps#",
    REAL: "rot-rate# rot-k# rot-slab-dist# rot-min-gauss# rot-eps# rot-potfit-step#",
    FLAG: "rot-massw#",
    CHOICE: "rot-type# rot-fit-method#",
    TEXT: "rot-group#",
    SCANNED_REALS: "rot-vec# rot-pivot#",
}
SWAP: dict[Kind, str] = {
    WHOLE: "swap-frequency iontypes coupl-steps iontype#-in-a iontype#-in-b",
    REAL: """
        cyl0-r cyl0-up cyl0-down cyl1-r cyl1-up cyl1-down bulk-offseta bulk-offsetb threshold""",
    FLAG: "massw-split0 massw-split1",
    TEXT: "split-group0 split-group1 solvent-group iontype#-name",
}

# GROMACS passes over these, whatever their values. Of the weights it takes the numbers before
# the first word that is none, be it the first.
IGNORED: dict[Kind, str] = {
    SCANNED_REALS: "pull-group#-weights",
    WHOLE: "nstcheckpoint nstcalclr nstdihreout nstgbradii andersen-seed",
    REAL: """
        rlistlong dihre-fc dihre-tau rgbradii gb-epsilon-solvent gb-saltconc gb-obc-alpha
        gb-obc-beta gb-obc-gamma gb-dielectric-offset sa-surface-tension adress-const-wf
        adress-ex-width adress-hy-width adress-ex-forcecap""",
    CHOICE: """
        dihre domain-decomposition optimize-fft ns-type gb-algorithm sa-algorithm adress-type
        adress-interface-correction adress-site adress-do-hybridpairs pull-print-com2""",
    TEXT: "title cpp",
    WORDS: "adress-reference-coords adress-tf-grp-names adress-cg-grp-names",
}

# Old names, which mean the same.
RENAMED = {
    "unconstrained-start": "continuation",
    "foreign-lambda": "fep-lambdas",
    "verlet-buffer-drift": "verlet-buffer-tolerance",
    "nstxtcout": "nstxout-compressed",
    "xtc-grps": "compressed-x-grps",
    "xtc-precision": "compressed-x-precision",
    "pull-print-com1": "pull-print-com",
}
