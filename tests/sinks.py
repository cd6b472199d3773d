"""Where the program writes or sends, function by function, and why no raw value leaves there.

kind -> why -> functions of modules. Not in the table, because a contract of `make check` holds
them: rows (only the store writes them, and content only sealed), calls of connectors (only the
executor makes them) and requests to models (they leave through `orchestration.last_look`).
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
        MASKED: """
            api.approvals: routes.listed routes.one routes.verdict
            api.audits: routes.contest routes.judge routes.listed routes.one routes.own
            api.batches: routes.answered routes.gathered routes.taken_back
            api.delegations: routes.end routes.give routes.listed
            api.denials: routes.lift routes.listed routes.widen
            api.endorsements: routes.endorse routes.endorse_values routes.listed routes.revoke
                routes.second
            api.cases: routes.cancel routes.freeze routes.listed routes.masked routes.one
                routes.receive routes.trace
            api.effects: routes.undo routes.withdraw
            api.incidents: routes.contain routes.declare routes.dismiss routes.find routes.listed
                routes.one routes.resolve routes.review
            api.limits: routes.lift routes.listed
            api.comparisons: routes.begin routes.cancel routes.offered routes.one
            api.remit_map: routes.lower routes.mapped routes.one routes.rows routes.sign
            api.policies: routes.ask routes.listed routes.propose routes.refuse routes.reload
                routes.reload_here routes.sign
            api.reviewers: routes.listed
            api.rollbacks: routes.plan routes.rolled routes.start
            api.remarks: routes.assign routes.claim routes.comment routes.snooze
            api.tasks: routes.close routes.listed routes.one routes.settle
            api.quarantine: routes.discard routes.listed routes.release
            api.sessions: routes.end routes.told
            api.stops: routes.begin routes.lift routes.listed
            console.events: routes.events
            console.oidc: routes.leave
            console.pages: plain see_other
        """,
        "headers, numbers, and sentences of errors, scrubbed as they leave": """
            api.headers: KnownHosts.__call__
            api.health: routes.confirm routes.doctor routes.healthz routes.inventory routes.metrics
            api.openapi: routes.openapi
            api.server: said
        """,
        "files of the package": """
            console.static: routes.static
        """,
        "no answer of ours: what another system said to the executor": """
            integrations.http: _client.Transport.handle_async_request
        """,
    },
    "page": {
        MASKED: """
            console.approvals: _show
            console.audits: _show routes.listed routes.own
            console.batches: routes.answered routes.gathered routes.taken_back
            console.cases: routes.listed routes.masked routes.one
            console.health: routes.page
            console.help_page: routes.page
            console.reviewers: routes.page
            console.incidents: routes.listed routes.one
            console.rollbacks: routes.listed routes.rolled
            console.tasks: routes.listed routes.one
            console.ledger: routes.page
            console.pages: plain
            console.quarantine: _shown routes.listed
            console.limits: routes.page
            console.remit_map: routes.granted routes.mapped routes.one
            console.people: routes.page
            console.policies: routes.shown
            console.stops: routes.page
            console.workflows: routes.listed
        """,
        "no page: tokens put in the place of values": """
            intake.mask: Masker._masked
        """,
    },
    "log": {
        CODES: """
            app: Remit._lost
            entrance: roster_of.fresh
            ledger.anchor_standing: TailAlarm.look gathered
            ledger.anchoring: Anchors._follow Anchors._forked Anchors._keep Anchors._last_words
                Anchors._tell Anchors.check Anchors.refuse_all
            ledger.keeper: Keeper._run Keeper.drain
            ledger.log_keys: LogKeys.keep
            ledger.rotation: Rotation.keep
            orchestration.answerable: Answerable.tick
            orchestration.asking: tell_unanswerable
            orchestration.comparing: Comparing._compare_all
            orchestration.driving: Driving._warn
            orchestration.embedded: Embedded._failed Embedded._note Embedded.run
            orchestration.guarded: Guard.fact
            orchestration.heart: Heart._run Heart.end
            orchestration.jobs: Jobs._run
            orchestration.seeding: Seeding._say_exhausted
            orchestration.late: record
            orchestration.queued: Queued._again Queued._driven Queued._end Queued._queue_lost
                Queued._swept
            orchestration.replay_check: ReplayCheck._found
            orchestration.retention: Keeping.resume
            orchestration.runs: Runs._strand
            orchestration.schedule: Timekeeper._in_doubt Timekeeper._landed Timekeeper.run
                _escalate_lost
            orchestration.rollback: Rollback._taken_back
            orchestration.undoing: Undoing.look
            orchestration.loading: refused
            orchestration.reloading: Reloading._reloaded Reloading.begin_rules
            orchestration.shelf: Shelf._swap
            orchestration.supervisor: Supervisor._reborn Supervisor._run Supervisor._take_over
                Supervisor.look Supervisor.stop
            store.committer: Committer._batch Committer._make_room
            store.deployment: count
            store.log_keeper: LogKeeper._bulk
            store.reserve: Reserve.arm
            store.sessions: SessionWriter._tell
        """,
        "exceptions that nobody caught, scrubbed by the formatter": """
            observability.logging: _hooked _in_a_thread _while_collecting
        """,
    },
    "terminal": {
        MASKED: """
            cli.remarks: _said
            cli.reviewers: reviewers
            cli.audit: _shown answer contest list_ own show
            cli.approvals: _decide _decided list_ show
            cli.batch: _show batch
            cli.cases: _laid_out _settle _told cases follow.work show
            cli.run: _interruptible.stop _report run
        """,
        "sentences, counts, ids and keys": """
            cli.check: check
            cli.copy: copy
            cli.delegate: end give list_
            cli.denials: lift list_ widen
            cli.endorsements: give list_ revoke second values_
            cli.display: _Plain.show training
            cli.doctor: doctor
            cli.drill: list_ undo
            cli.inventory: inventory
            cli.ledger: Judging.invoke show status verify_
            cli.ledger_anchors: anchors
            cli.ledger_erase: _tell _tell_whole _told erase
            cli.ledger_files: _content disclose export_ prove
            cli.ledger_keeping: _holds _rotate_log rotate
            cli.ledger_prune: prune
            cli.ledger_recover: _typed recover
            cli.migrate: migrate
            cli.new: new
            cli.policy: _flips _readable _say diff matrix replay test why
            cli.people: add deactivate list_ password sign_out
            cli.services: issue list_ revoke rotate
            cli.opening: Training.__call__ end_at_once opened
            cli.rebuild: _progress rebuild
            cli.incidents: _shown contain find list_ show
            cli.rollback: _became _plan list_ plan show start
            cli.second_seed: main
            cli.tasks: _json _shown close list_ settle show
            cli.evidence: Code.declared _progress verify
            cli.comparison: progress
            cli.grants: compare explain list_ lower sign
            cli.limits: list_ raise_
            cli.policy_changes: changes propose refuse reload sign
            cli.stop: drill lift list_ set_
            cli.serve: _whole.started serve
            cli.sign_in: sign_in
            cli.signer: signer
            cli.train: train
            cli.witness: witness
            cli.work: _whole work
            ledger.standalone: main
        """,
        STAND_IN: """
            cli.demo: _serve _serve.whole.started _story demo
        """,
        "sentences of errors, which hold no value; a traceback is scrubbed": """
            cli.main: _say main
        """,
        "the operator's own file, shown to the operator who names it": """
            cli.mask: mask
            cli.normalise: normalise
            cli.readings: picture
        """,
        "what the callers above hand to it": """
            cli.terminal: echo_json pairs
        """,
    },
    "file": {
        STAND_IN: """
            cli.demo_folder: fresh
            cli.story: set_phase settle_in
            cli.demo_shop: shop
            testing: SecondSeed.compare
        """,
        "numbers of lines and reasons, each scrubbed": """
            cli.feed: Feed._reject
        """,
        "leaves as logged: tokens, and content sealed": """
            cli.ledger_files: disclose kept
            ledger.export: _Folder.put _Tar.__init__ _Tar.close _Tar.put
            ledger.files: Files.chunks
        """,
        OWN: """
            cli.new: scaffold
            cli.sign_in: sign_in
            store.file_lock: holder lock
            store.reserve: Reserve.arm
            store.sqlite: key_file
        """,
        KEYS: """
            cli.signer: _Handler._say
            cli.witness: _Handler._say
            ledger.anchor: _end_line append_line sync_folder
            ledger.keystore: FileKeyStore._alone FileKeyStore._write
            ledger.sinks: DirectorySink._create
            ledger.witness: Witness._refuse own write_durably
        """,
        "no file: a code of ours that the identity provider takes back": """
            assembly.fetching: _asked
        """,
        "no file: the one call of an entitled tool, by the executor": """
            integrations.openapi: OpenApiConnector.perform
        """,
        "the tape of a stand-in connector, which is told what an entitled tool is told": """
            integrations.tape: FileTape._locked FileTape.once
        """,
        "what was learnt from the owner's labelled texts, masked before": """
            models.local: LocalClassifier.save
            models.nearest: NearestClassifier.save
        """,
    },
    "program": {
        STAND_IN: """
            cli.demo_shop: shop
            testing: _second
        """,
        KEYS: """
            ledger.git_sink: GitSink._run
            ledger.keystore: CommandKeyStore._ask
        """,
    },
    "request": {
        STAND_IN: """
            cli.demo_shop: Shop.effects
        """,
        "the one call of an entitled tool, by the executor": """
            integrations.http: _sent
        """,
        "the doctor's question to `remit serve` on this computer: a path and a session": """
            cli.beside: asked
        """,
    },
    "socket": {
        KEYS: """
            ledger.remote_signer: _connected _said
        """,
    },
}


# What a library opens for a function that calls nothing by which the code would show it.
RUNNING: dict[str, set[str]] = {}


def listed() -> dict[tuple[str, str], str]:
    """Return (kind, module:function) -> why no raw value leaves there."""
    found: dict[tuple[str, str], str] = {}
    for kind, groups in SINKS.items():
        for why, functions in groups.items():
            module = ""
            for word in functions.split():
                if word.endswith(":"):
                    module = word
                    continue
                assert (kind, module + word) not in found, f"{module}{word} is listed twice"
                found[kind, module + word] = why
    return found
