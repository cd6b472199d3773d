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
}
