"""Steps with the relay's name, which may not resolve."""
from fault_words import verb


@verb
def names(scene, answer):
    """What names below .invalid resolve to: again (a temporary failure), unknown, or an address. The scene's environment
    preloads libfailing_names.so, with TICKLER_NAMES: "{root}/names"."""
    fresh = scene.house.root / "names.new"
    fresh.write_text(answer)
    fresh.rename(scene.house.root / "names")
    scene.office.history.fault(f"names: {answer}")


@verb
def relay_host(scene, host):
    """The admin writes another host into the configuration and puts it in force."""
    scene.office.relay_host = host
    scene.house.edit(scene.house.dir / "config/ticklerd.yaml",
                     lambda document: document["mail"].update(relay=scene.office.relay_settings()))
    scene.house.tickler("reload")
