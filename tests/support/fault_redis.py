"""Steps with Redis, which only meters: caps of a day are counted in Postgres and must hold exactly all the same."""
from fault_words import verb


@verb
def redis(scene, command):
    """One command, whatever its reply; it must have one."""
    assert scene.house.redis(*command.split())
    scene.count(command)
