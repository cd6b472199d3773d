"""Where the program writes or sends, kind by kind, and why no raw value leaves there.

kind -> why -> modules. Not in the table, because a contract of `make check` holds them: rows (only
the store writes them, and content only sealed), calls of connectors (only the executor makes them)
and requests to models (they leave through `orchestration.last_look`).
"""

MASKED = (
    "built from entries and rows, which hold tokens: content was masked before it was recorded"
)
CODES = "codes, counts, ids and names of modules; each record is scrubbed by the handler as well"
OWN = "the operator's own file or folder, made from nothing that a case holds"
KEYS = "keys, hashes, signatures and sizes"
STAND_IN = "of the demo and the test kit: invented data, on this computer"

SINKS: dict[str, dict[str, str]] = {
    "answer": {
        MASKED: (
            "api.approvals api.cases api.quarantine api.sessions console.events console.pages"
        ),
        "headers, sentences of errors, which hold no value, and numbers": (
            "api.headers api.health api.openapi api.server"
        ),
        "files of the package": "console.static",
        "no answer of ours: what another system said to the executor": "integrations.http",
    },
    "page": {
        MASKED: (
            "console.approvals console.cases console.health console.help_page console.ledger"
            " console.pages console.quarantine console.workflows"
        ),
        "no page: tokens put in the place of values": "intake.mask",
    },
    "log": {
        CODES: (
            "app ledger.anchor_standing ledger.anchoring ledger.keeper ledger.log_keys"
            " ledger.rotation orchestration.driving orchestration.embedded orchestration.heart"
            " orchestration.jobs orchestration.late orchestration.queued"
            " orchestration.replay_check orchestration.retention orchestration.runs"
            " orchestration.schedule orchestration.supervisor store.committer store.deployment"
            " store.log_keeper store.reserve store.sessions"
        ),
        "exceptions that nobody caught, scrubbed by the formatter": "observability.logging",
    },
    "terminal": {
        MASKED: "cli.approvals cli.cases cli.run",
        "sentences, counts, ids and keys": (
            "cli.check cli.copy cli.display cli.doctor cli.ledger cli.ledger_anchors"
            " cli.ledger_files cli.ledger_keeping cli.ledger_prune cli.ledger_recover cli.migrate"
            " cli.new cli.opening cli.rebuild cli.second_seed cli.serve cli.signer cli.train"
            " cli.witness cli.work ledger.standalone"
        ),
        "sentences of errors, which hold no value; a traceback is scrubbed": "cli.main",
        "what the callers above hand to it": "cli.terminal",
        "the operator's own file, shown to the operator who names it": (
            "cli.mask cli.normalise cli.readings"
        ),
        STAND_IN: "cli.demo",
    },
    "file": {
        OWN: "cli.new store.file_lock",
        "numbers of lines and reasons, each scrubbed": "cli.feed",
        "leaves as logged: tokens, and content sealed": (
            "cli.ledger_files ledger.export ledger.files"
        ),
        KEYS: ("cli.signer cli.witness ledger.anchor ledger.keystore ledger.sinks ledger.witness"),
        "what was learnt from the owner's labelled texts, masked before": (
            "models.local models.nearest"
        ),
        "no file: the one call of an entitled tool, by the executor": "integrations.openapi",
        "the tape of a stand-in connector, which is told what an entitled tool is told": (
            "integrations.tape"
        ),
        STAND_IN: "cli.demo_folder cli.demo_shop testing",
    },
    "program": {
        KEYS: "ledger.git_sink ledger.keystore",
        STAND_IN: "cli.demo_shop testing",
    },
    "request": {
        "the one call of an entitled tool, by the executor": "integrations.http",
        STAND_IN: "cli.demo_shop",
    },
    "socket": {KEYS: "ledger.remote_signer"},
}
