"""Steps with Redis, which only meters: caps of a day are counted in Postgres and must hold exactly all the same."""
import yaml

from fault_steps import kill
from fault_words import expectation, verb


@verb
def redis(scene, command):
    """One command, whatever its reply; it must have one."""
    assert scene.house.redis(*command.split())
    scene.count(command)


@verb
def restore_redis(scene):
    """It is killed and comes back with what it last saved."""
    log = scene.house.dir / "run/redis.log"
    loaded = lambda: log.read_text().count("DB loaded from disk")
    before = loaded()
    kill(scene, "redis")
    scene.house.wait(lambda: loaded() > before, "Redis to load what it had saved")


@expectation
def rate(scene, wish):
    """{overshoot: bursts}: between any two letters that the relay accepted, no more than the limit per minute allows
    (a burst of a tenth, then evenly), and so many bursts over. Letters on their way when a stretch begins are not of it."""
    settings = yaml.safe_load((scene.house.dir / "config/ticklerd.yaml").read_text())
    a_minute, workers = settings["mail"]["limits"]["per_minute"], sum(settings["rooms"].values())
    on_their_way = workers * settings["mail"]["relay"].get("connections", 4)
    burst, a_second = max(a_minute // 10, 1), a_minute / 60
    times = sorted(letter["at"] for letter in scene.office.server.letters)
    most = max(count - a_second * (late - early) for first, early in enumerate(times)
               for count, late in enumerate(times[first:], 1))
    scene.counts["at once at most"] = round(most)
    allowed = burst * (1 + wish["overshoot"]) + on_their_way
    assert most <= allowed, f"{most:.0f} letters over an even rate, {allowed} are allowed"
