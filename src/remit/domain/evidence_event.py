"""Events that tell how a cell earns its level: plans, coins, labels, detectors, surges."""

from remit.domain.entry import Event, declared


@declared("governance:plan:set")
class PlanSet(Event):
    """How the cells of an action are judged from here on; evidence under another plan is over."""

    action: str
    version: str  # digest of all that follows
    risk: str
    error_max_ppm: int
    false_grant_max_ppm: int
    window_days: int
    settle: str  # verdict | window
    cluster: str  # subject | case
    material: tuple[str, ...]
    segments: tuple[str, ...]
    sampled_share_ppm: int
    autonomous_share_ppm: int
    calibration_rows: int
    seed_share_ppm: int
    reviewers: str  # measured | assumed
    starts: str
    many_cells: str | None = None  # fdr; nothing where each cell has its own chance
    false_share_max_ppm: int | None = None  # of bad cells among those that a board offers


@declared("governance:day_key:committed")
class DayKeyCommitted(Event):
    """The key under which the coins of a day are tossed is fixed, and still secret."""

    day: str  # 2026-11-28, UTC
    digest: str  # SHA-256 of the key


@declared("governance:day_key:revealed")
class DayKeyRevealed(Event):
    """The day is over: anybody can toss its coins again."""

    day: str
    key: str  # 32 bytes in hexadecimal


@declared("governance:evidence_stream:closed")
class EvidenceStreamClosed(Event):
    """The rows of one attempt of a cell count no more; the next begins after the cooldown."""

    action: str
    segment: str
    fingerprint: str
    attempt: int  # that is over
    code: str  # demoted.… | plan | given_up
    resumes_us: int


@declared("governance:grid:fixed")
class GridFixed(Event):
    """The calibration sample of a stream is complete: which scores are tried as thresholds."""

    action: str
    segment: str
    fingerprint: str
    attempt: int
    thresholds: tuple[str, ...]  # strict to lenient, in ppm and a tie: `971000.000123`
    begins: int  # where the main walk begins, and where the other one does
    back: int
    low_mark_ppm: int
    first: str  # action id of the first row of the sample, and of the last
    last: str


@declared("governance:label:given", "reason")
class LabelGiven(Event):
    """Somebody or something said whether a proposal was right first time."""

    action_id: str
    outcome: str  # right | wrong | void | pending
    code: str  # approved | denied | edited | audit | undone | corrected | complaint | …
    source: str  # approval | audit | shadow | double | after-effect | correction
    number: int  # 1, 2, …: it supersedes the one before
    severity: str = ""  # of what is wrong: critical | policy
    reviewer: str = ""
    blind: bool = False
    settled: bool = False  # something outside confirmed it: no window is waited out
    seconds_open: int | None = None
    again: bool = False  # drawn for a second look, blind, by somebody else


@declared("governance:label:contested", "reason")
class LabelContested(Event):
    """Somebody says that what was said to be wrong was right; a second person must say so too."""

    action_id: str
    person: str
    number: int  # of the label that is contested


@declared("governance:detector:fired")
class DetectorFired(Event):
    """Outcomes came in that a cell at its bound would hardly ever show."""

    action: str
    segment: str
    fingerprint: str
    detector: str  # breach | warn | label-free | alpha
    rate_max_ppm: int  # the bound that was watched
    run_min: int  # labels to a false alarm, on average, at the least
    rows: int  # after how many it fired
    row: str  # action id of the last of them
    statistic: str  # its logarithm, in nats


@declared("governance:surge:begun")
class SurgeBegun(Event):
    """Each of the next cases of a cell is held for a person, and drawn."""

    action: str
    segment: str
    cases: int
    code: str


@declared("governance:surge:ended")
class SurgeEnded(Event):
    action: str
    segment: str
    code: str


@declared("governance:evidence:carried")
class EvidenceCarried(Event):
    """The rows of a cell go on counting under a fingerprint that provably allows less.

    What would not run any more is named: a right row of these counts no more, a wrong one stays.
    Many are named in several entries; the first moves the stream.
    """

    action: str
    segment: str
    before: str  # the fingerprint that the rows were made under, and the one they count for now
    after: str
    rest: str  # digest of what neither rules nor limits are, the same in both
    rules_before: str  # digests of the books
    rules_after: str
    limits_before: str  # digests of the limits
    limits_after: str
    proof: str  # same | analysis | backtest | limits
    proven: str  # digest of what the proof rests on
    decisions: int  # recorded ones that were made again for a backtest
    attempt: int  # that goes on
    rows: int  # of the cell that go on
    dropped: int  # of the rows named here: right ones
    stayed: int  # and all others
    gone: tuple[str, ...]  # action ids of rows that would not run any more
    part: int = 0
