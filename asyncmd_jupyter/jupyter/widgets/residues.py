"""What kind of thing a residue is, by its name and those of its atoms."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from enum import Enum


class Kind(Enum):
    """Kinds that are drawn in their own ways."""

    PROTEIN = "protein"
    NUCLEIC = "nucleic acid"
    LIPID = "lipid"
    LIGAND = "ligand"
    ION = "ion"
    BEAD = "bead"
    WATER = "water"


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


WATERS = _names(
    "HOH WAT SOL TIP TIP2 TIP3 TP3 TIP4 TP4 TIP5 TP5 T3P T4P SPC SPCE H2O DOD OPC OPC3 W WF PW"
)
PROTEIN = _names(
    """ALA ARG ASN ASP CYS GLN GLU GLY HIS ILE LEU LYS MET PHE PRO SER THR TRP TYR VAL
    HID HIE HIP HSD HSE HSP HISA HISB HISH HISD HISE HISP CYX CYM CYS2 CYSH ASH ASPH GLH GLUH
    LYN LYSH MSE SEP TPO PTR HYP"""
)
CAPS = _names("ACE NME NMA NAC NH2 FOR ACT NHE CT3")
NUCLEIC = _names(
    """A C G U T DA DC DG DT DU RA RC RG RU ADE CYT GUA THY URA DA5 DA3 DC5 DC3 DG5 DG3 DT5 DT3
    RA5 RA3 RC5 RC3 RG5 RG3 RU5 RU3 A5 A3 C5 C3 G5 G3 U5 U3 DAN DCN DGN DTN"""
)
LIPIDS = _names(
    """POPC POPE POPG POPS POPA DPPC DPPE DPPG DPPS DOPC DOPE DOPG DOPS DMPC DMPE DMPG DLPC DLPE
    DSPC DSPE DAPC PSPC PLPC SOPC SAPC SDPC CHL1 CHOL CLR ERG PA PC PE PS PGR OL LAL PSM SSM
    POPI SAPI TOCL CDL PI2P"""
)
IONS = _names(
    """NA NA+ SOD K K+ POT CL CL- CLA CIO LI LI+ LIT RB RB+ CS CS+ CES MG MG2 MG2+ CA CAL CA2
    CA2+ ZN ZN2 ZN2+ FE FE2 FE3 CU CU1 MN BA SR BR BR- F F- I I- IOD NI CO CD HG AL ION NIO IB"""
)
COARSE_ATOMS = _names("BB BB1 SC1 SC2 NC3 NH3 PO4 GL1 GL2 C1A C2A D2A ROH W WF")
BACKBONE = _names("N CA C O OT1 OXT P O5' C5' C4' C3' O3'")
TRACE = _names("CA P BB")


def kind_of(resname: str, atoms: Sequence[str]) -> Kind:
    """Tell the kind of a residue.

    Parameters
    ----------
    resname : str
    atoms : list of str
        Names of its atoms.
    """
    name = resname.upper()
    if name in WATERS:
        return Kind.WATER
    if any(atom in COARSE_ATOMS for atom in atoms):
        return Kind.BEAD
    if len(atoms) == 1:
        return _of_one_atom(name, atoms[0].upper())
    if name in PROTEIN or name in CAPS or {"N", "CA", "C"} <= set(atoms):
        return Kind.PROTEIN
    if name in NUCLEIC or {"C1'", "O4'"} <= set(atoms):
        return Kind.NUCLEIC
    return Kind.LIPID if name in LIPIDS else Kind.LIGAND


def _of_one_atom(name: str, atom: str) -> Kind:
    if name in PROTEIN and atom == "CA":
        return Kind.PROTEIN
    return Kind.ION if name in IONS else Kind.BEAD


def selection(resnames: Collection[str]) -> str:
    """Write residues as NGL selects them; never empty."""
    return " or ".join(f"[{name}]" for name in sorted(resnames)) or "none"
