"""Parameter files as people write them; all for the four argon atoms of `grompp_runs`."""

from __future__ import annotations

from pathlib import Path

from asyncmd_jupyter.engines.gromacs.mdp import MDP

MINIMIZATION = """\
; Minimize until the largest force is small
integrator  = steep         ; not md
emtol       = 1000.0
emstep      = 0.01
nsteps      = 50000

nstlist         = 1         ; each step
cutoff-scheme\t= Verlet
coulombtype = PME
rcoulomb    = 1.0
rvdw        = 1.0
pbc         = xyz
ld-seed     = 1
gen-seed    = 1
"""

NVT = """\
title                   = Argon, NVT
define                  = -DPOSRES -DPOSRES_FC=1000
; Run parameters
integrator              = md
nsteps                  = 50000     ; 2 * 50000 = 100 ps
dt                      = 0.002
nstxout                 = 500
nstvout                 = 500
nstenergy               = 500
nstlog                  = 500
continuation            = no
constraint_algorithm    = lincs
constraints             = h-bonds
lincs_iter              = 1
lincs_order             = 4
cutoff-scheme           = Verlet
ns_type                 = grid
nstlist                 = 10
rcoulomb                = 1.0
rvdw                    = 1.0
DispCorr                = EnerPres
coulombtype             = PME
pme_order               = 4
fourierspacing          = 0.16
tcoupl                  = V-rescale
tc-grps                 = one two
tau_t                   = 0.1     0.1
ref_t                   = 300     300
pcoupl                  = no
pbc                     = xyz
gen_vel                 = yes
gen_temp                = 300
gen_seed                = 173529
ld-seed                 = 1
"""

NPT = """\
integrator = md
dt=0.002
nsteps=100000
nstxout-compressed=1000
compressed-x-precision=1e4
Tcoupl = nose-hoover
tc_grps = System
tau-t = 1
ref-t = 298.15
Pcoupl = Parrinello-Rahman
pcoupltype = semiisotropic
tau_p = 5.0
compressibility = 4.5e-5 4.5e-5
ref_p = 1.0 1.0
refcoord_scaling = com
nsttcouple = 10
nstpcouple = 10
gen-vel = no
ld-seed = 1
gen-seed = 1
"""

OLD = """\
integrator = sd
cpp = /lib/cpp
title =
nstxtcout = 500
xtc-precision = 1000
xtc_grps = one
unconstrained-start = yes
verlet-buffer-drift = 0.005
optimize_fft = yes
nstcalclr = 10
rlistlong = 1.2
ns-type = grid
tc-grps = System
tau-t = 2
ref-t = 300
dt = 4e-3
nsteps = 1000000
ld-seed = 1
gen-seed = 1
energygrps =
"""

FREE_ENERGY = """\
integrator = sd
nsteps = 1000
tc-grps = system
tau-t = 1.0
ref-t = 300
free-energy = yes
init-lambda-state = 3
delta-lambda = 0
calc-lambda-neighbors = 1
couple-moltype = Argon
couple-lambda0 = vdw
couple-lambda1 = none
couple-intramol = no
vdw-lambdas  = 0.0 0.1 0.25 0.5 0.75 1.0
coul-lambdas = 0.0 0.0 0.00 0.0 0.00 0.0
sc-alpha = 0.5
sc-power = 1
sc-sigma = 0.3
nstdhdl = 10
ld-seed = 1
gen-seed = 1
"""

PULL = """\
integrator = md
nsteps = 1000
tcoupl = v-rescale
tc-grps = System
tau-t = 1
ref-t = 300
pull = yes
pull-ngroups = 2
pull-ncoords = 2
pull-group1-name = one
pull-group2-name = two
pull-group1-weights = 1.0 3
pull_coord1_type = umbrella
pull-coord1-geometry = direction
pull-coord1-groups = 1 2
pull-coord1-vec = 0 0 1
pull-coord1-dim = N N Y
pull-coord1-start = yes
pull-coord1-rate = 0.01      ; 0.01 nm/ps
pull-coord1-k = 1e3
pull-coord2-geometry = transformation
pull-coord2-expression = 0.5*x1^2 + 1
pull-coord2-k = 20
pull-print-components = yes
ld-seed = 1
gen-seed = 1
"""

AWH = """\
integrator = md
nsteps = 1000
tcoupl = v-rescale
tc-grps = System
tau-t = 1
ref-t = 300
pull = yes
pull-ngroups = 2
pull-ncoords = 1
pull-group1-name = one
pull-group2-name = two
pull-coord1-type = external-potential
pull-coord1-potential-provider = awh
pull-coord1-groups = 1 2
pull-coord1-geometry = distance
awh = yes
awh-seed = 7
awh-nstout = 5000
awh1-ndim = 1
awh1-error-init = 5.0
awh1-equilibrate-histogram = yes
awh1-dim1-coord-index = 1
awh1-dim1-diffusion = 5e-5
awh1-dim1-start = 0.25
awh1-dim1-end = 1.5
awh1-dim1-force-constant = 128000
ld-seed = 1
gen-seed = 1
"""

ANNEALING = """\
integrator = md
nsteps = 1000
tcoupl = v-rescale
tc-grps = one two
tau-t = 1 .5
ref-t = 300 0300.0
annealing = single periodic
annealing-npoints = 2 3
annealing-time = 0 50 0 5 10
annealing-temp = 300 0 280 310 280
ld-seed = 1
gen-seed = 1
"""

FIELDS = """\
integrator = md
nsteps = 1000
Electric-Field-X = 0.04 0 0 0
electric_field_z = 2 150 5 1
freezegrps = one
freezedim = Y N Y
acc-grps = two
accelerate = 0.1 0 0x1p-3
deform = 0 0 0 0 0 0.001
userreal1 = 1e-3
userint4 = +7
user1-grps = one two
ld-seed = 1
gen-seed = 1
"""

ROTATION = """\
integrator = md
nsteps = 1000
rotation = yes
rot-ngroups = 1
rot-group0 = System
rot-type0 = flex2
rot-vec0 = 0 0 1
rot-rate0 = 2.1e-5
rot-k0 = 600
rot-slab-dist0 = 1.1
rot-fit-method0 = norm
ld-seed = 1
gen-seed = 1
"""

EXPANDED = """\
integrator = md-vv
nsteps = 1000
tcoupl = v-rescale
tc-grps = System
tau-t = 1
ref-t = 300
free-energy = expanded
couple-moltype = Argon
couple-lambda1 = none
init-lambda-state = 0
fep-lambdas = 0 0.5 1
init-lambda-weights = 0 1.5 2.5e0
nstexpanded = 100
nstdhdl = 100
nstcalcenergy = 100
lmc-stats = wang-landau
lmc-move = metropolized-gibbs
lmc-seed = 5
lmc-weights-equil = wl-delta
weight-equil-wl-delta = 0.001
mc-temperature = 300
symmetrized-transition-matrix = yes
wl-scale = 0.7
init-wl-delta = 10.0
ld-seed = 1
gen-seed = 1
"""

SWAP = """\
integrator = md
nsteps = 1000
swapcoords = Z
swap-frequency = 100
split-group0 = one
split-group1 = two
massw_split0 = yes
solvent-group = Water
cyl0-r = 1.0
cyl0-up = 0.75
coupl-steps = 10
iontypes = 1
iontype0-name = Ions
iontype0-in-A = 1
iontype0-in-B = 0
bulk-offsetA = -0.1
threshold = 1
ld-seed = 1
gen-seed = 1
"""

WALLS = """\
integrator = md
nsteps = 1000
mts = yes
mts-level2-forces = longrange-nonbonded nonbonded
mts-level2-factor = 4
nstlist = 20
nstcalcenergy = 20
pbc = xy
nwall = 2
wall-type = 10-4
wall-atomtype = AR AR
wall-density = 5 0x5
wall-r-linpot = 0.05
ld-seed = 1
gen-seed = 1
"""

QUANTUM = """\
integrator = md-vv
nsteps = 100
qmmm-cp2k-active = true
qmmm-cp2k-qmgroup = one
qmmm-cp2k-qmmethod = BLYP
qmmm-cp2k-qmcharge = 0
qmmm-cp2k-qmmultiplicity = 1
ld-seed = 1
gen-seed = 1
"""

# What the GROMACS that tests run does not know is only warned of.
NEWER = """\
integrator = md
nsteps = 100
tcoupl = v-rescale
tc-grps = System
tau-t = 1
ref-t = 300
ensemble-temperature-setting = constant
ensemble-temperature = 300
mass-repartition-factor = 3
verlet-buffer-pressure-tolerance = 0.5
colvars-active = yes
colvars-configfile = colvars.dat
colvars-seed = 5
nnpot-active = no
nnpot-modelfile = model.pt
nnpot-model-input1 = atom-positions
option-of-the-future = 1 2 three
ld-seed = 1
gen-seed = 1
"""

MESSY = (
    "\ufeff# = no comment to GROMACS\r\n"
    ";integrator = steep\r\n"
    "  INTEGRATOR=md;no blanks\r\n"
    "n-steps \t=\t 00100  \f\r\n"
    "dt = 0x1p-10 ; a hexadecimal\r\n"
    "ref-p = 1.0 bar\r\n"
    "nst_log =\r\n"
    "nstlog = 50\r\n"
    "energygrps =\r\n"
    "tc-grps =\r\n"
    "title = caf\u00e9 = good; at noon\r\n"
    "include = -I/a\u00a0b -I../c=d\r\n"
    "user-real1 = .5\r\n"
    "userreal2 = 5.\r\n"
    "userreal3 = -INF\r\n"
    "userreal4 = 1E+05\r\n"
    "fep-lambdas = not read\r\n"
    "pull-coord7-k = not read either\r\n"
    "ld-seed = 1\r\ngen-seed = 1"
)

SAMPLES = {
    "minimization": MINIMIZATION,
    "nvt": NVT,
    "npt": NPT,
    "old": OLD,
    "free_energy": FREE_ENERGY,
    "pull": PULL,
    "awh": AWH,
    "annealing": ANNEALING,
    "fields": FIELDS,
    "rotation": ROTATION,
    "expanded": EXPANDED,
    "swap": SWAP,
    "walls": WALLS,
    "quantum": QUANTUM,
    "newer": NEWER,
    "messy": MESSY,
}


def text_of(mdp: MDP, folder: Path) -> str:
    mdp.write(folder / "out.mdp", overwrite=True)
    return (folder / "out.mdp").read_bytes().decode()
