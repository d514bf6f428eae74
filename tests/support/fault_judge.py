"""What must hold at the end of every fault scene, and what a scene may expect beside it."""
from fault_words import expectation

ROOM = "worker = 'invoice_escalation'"


def count(scene, what):
    return scene.house.one(f"SELECT count(*) FROM {what}")


def promises(scene):
    """Each invoice's step is in the ledger or parked, once; no letter arrived twice; the event log is whole."""
    parked = count(scene, f"job WHERE {ROOM} AND state = 'parked'")
    assert count(scene, f"job WHERE {ROOM}") == parked, "jobs are left"
    fired = count(scene, f"fired WHERE {ROOM}")
    letters = scene.office.letters
    assert fired + parked == letters, f"{fired} steps in the ledger and {parked} parked of {letters}"
    assert count(scene, "message WHERE state = 'sending'") == 0, "letters are under way"
    arrived = scene.office.arrived()
    assert len({letter for letter, _ in arrived}) == len(arrived), "a letter arrived twice"
    assert len({to for _, to in arrived}) == len(arrived), "somebody got two letters"
    scene.house.tickler("audit", "verify")
    scene.counts.update(letters=letters, arrived=len(arrived), lost=letters - fired - parked,
                        twice=len(arrived) - len({to for _, to in arrived}))


def messages(scene, state, wish):
    found = count(scene, f"message WHERE {ROOM} AND state = '{state}'")
    scene.counts[state] = found
    scene.hold(found, wish, state)


@expectation
def sent(scene, wish):
    messages(scene, "sent", wish)


@expectation
def unknown(scene, wish):
    """Letters in doubt; each has its task."""
    messages(scene, "unknown", wish)
    tasks_of_doubt = count(scene, "task WHERE step = 'unknown'")
    assert tasks_of_doubt == scene.counts["unknown"], f"{tasks_of_doubt} tasks for {scene.counts['unknown']} in doubt"


@expectation
def failed(scene, wish):
    messages(scene, "failed", wish)


@expectation
def arrived(scene, wish):
    scene.hold(len(scene.office.arrived()), wish, "letters that arrived")


@expectation
def parked(scene, wish):
    found = count(scene, "job WHERE state = 'parked'")
    scene.counts["parked"] = found
    scene.hold(found, wish, "parked jobs")


@expectation
def tasks(scene, wish):
    """{title: count}; a title is matched with LIKE."""
    for title, number in wish.items():
        found = scene.house.one("SELECT count(*) FROM task WHERE title LIKE %s", title)
        scene.hold(found, number, f"tasks '{title}'")


@expectation
def events(scene, wish):
    """{kind: count}"""
    for kind, number in wish.items():
        scene.hold(scene.house.one("SELECT count(*) FROM event WHERE kind = %s", kind), number, f"events {kind}")


@expectation
def log(scene, wish):
    """Sentences that ticklerd and its children wrote."""
    text = scene.house.log.read_text(errors="replace")
    for sentence in wish:
        assert sentence in text, f"the log does not say: {sentence}"


@expectation
def sql(scene, wish):
    """{question: what it answers}"""
    for question, answer in wish.items():
        scene.hold(scene.house.one(question), answer, question)


@expectation
def counted(scene, wish):
    """What the steps counted: {name: count}."""
    for name, number in wish.items():
        scene.hold(scene.counts.get(name, 0), number, name)
