"""The parts there are, in the order in which they are printed."""

from bench.autonomy.part import Part

PARTS = {
    "false-grants": Part(
        module="false_grants",
        title="Chance of ever being accepted within 3,000 cases, looked at after every case",
        runs=0,
    ),
    "looks": Part(module="looks", title="The same at the bar, over more looks", runs=0),
    "labels": Part(module="labels", title="Labels to promote", runs=0),
    "stamps": Part(
        module="stamps", title="Chance that a reviewer is flagged within 400 checks", runs=0
    ),
    "drift": Part(module="drift", title="The gate where the error rate moves", runs=20_000),
    "together": Part(
        module="together",
        title="Chance of ever being promoted at the bar, 95 %, by errors that come together",
        runs=4_000,
    ),
    "threshold": Part(
        module="scores",
        title="A threshold picked again after every 25 labels, to 3,000",
        runs=2_000,
    ),
    "delays": Part(
        module="delays", title="Labels from a change to the alarm, mean run 10,000", runs=2_000
    ),
    "calm": Part(module="calm", title="False alarms at the rate that is still good", runs=1_000),
    "clean": Part(module="clean", title="After a long good past, and without labels", runs=2_000),
    "audits": Part(
        module="audits",
        title="Few cases audited: a change noticed, and reviews in calm",
        runs=3_000,
    ),
    "arrivals": Part(module="arrivals", title="Bad news that comes late", runs=3_000),
    "waved": Part(
        module="waved", title="Reviewers who find a part of the errors, 2,000 cases", runs=2_000
    ),
    "segments": Part(
        module="segments", title="Forty cells of 60 to 2,500 cases: bad ones promoted", runs=1_000
    ),
    "claims": Part(module="claims", title="Claims that a figure has moved", runs=2_000),
    "ladder": Part(
        module="ladder", title="The whole ladder, 12,000 cases, a change at 5,000", runs=200
    ),
    "ladder-clinc": Part(
        module="ladder_clinc", title="The same ladder on scores of CLINC150", runs=200
    ),
    "ladder-local": Part(
        module="ladder_local", title="The same ladder on scores of our own classifier", runs=200
    ),
}
