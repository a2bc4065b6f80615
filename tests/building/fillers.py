"""Words that a reader of requests may leave aside: they say nothing about who or what happens."""

from __future__ import annotations

FILLERS = frozenset(
    """
    a an the this that these those it its he she his her they them their theirs i we you my our your
    me us profile spec template through
    s t re ll ve d m im id ive youre
    is are be been being was were am do does did done has have had having can could will would
    shall should may might must
    of in on at to from for by with as into onto within among per and or but so then than also too
    plus there here who whom whose which what when where how if
    please pls thanks thank hi hello hey ok okay kindly just now today simply really quite also
    need needs needed want wants like make makes made create creates generate generates build
    builds give gives get gets let lets set up put show use using used take start try work
    looking help run do go ask asks
    all each every any some about around roughly approximately approx total overall same mix mixed
    people person persons patient patients member members beneficiary beneficiaries enrollee
    enrollees individual individuals lives subject subjects
    population populations cohort cohorts group groups sample samples panel data dataset datasets
    set sets synthetic realistic typical usual test tests testing scenario database file files
    live lives living resident residents insured covered coverage insurance insurer plan plans
    diagnosed diagnosis suffering condition conditions old year years yr yrs age aged ages
    new one ones thing things etc eg ie vs via
    """.split()  # noqa: SIM905  a table of words reads better as text
)
