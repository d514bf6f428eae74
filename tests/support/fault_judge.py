"""What must hold at the end of every fault scene, and what a scene may expect beside it."""
from fault_words import expectation
from judge import Judge

ROOM = "worker = 'invoice_escalation'"


def count(scene, what):
    return scene.house.one(f"SELECT count(*) FROM {what}")


def promises(scene):
    """What the judge holds, of each letter, step and event (judge.py)."""
    office = scene.office
    arrived = office.arrived()
    Judge(scene.house, office.history, arrived).check()
    unused = office.server.unused() if office.server else {}
    assert not unused, f"nobody came for these answers of the relay: {unused}"
    more = list(office.before.more_descriptors(scene.house))
    assert not more, more
    scene.house.tickler("audit", "verify")
    scene.counts.update(letters=office.letters, arrived=len(arrived))


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
def log_lines(scene, wish):
    """{sentence: how many lines have it}"""
    text = scene.house.log.read_text(errors="replace")
    for sentence, number in wish.items():
        scene.hold(text.count(sentence), number, f"lines '{sentence}'")


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
