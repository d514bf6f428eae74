"""The unit file: `systemd-analyze verify` finds nothing, its exposure is under 1.5, sysusers and tmpfiles apply."""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(__file__).resolve().parents[2]


def run(*words, **options):
    done = subprocess.run([str(w) for w in words], text=True, capture_output=True, **options)
    assert done.returncode == 0, f"{words}: exit {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def main():
    if not shutil.which("systemd-analyze"):
        print("skipped: no systemd-analyze")
        return 77
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        unit = folder / "ticklerd.service"
        program = pathlib.Path(os.environ["TICKLER_BIN"]) / "ticklerd"
        text = (SOURCE / "systemd/ticklerd.service").read_text()
        unit.write_text(text.replace("@PREFIX@/bin/ticklerd", str(program)))
        env = dict(os.environ, SYSTEMD_UNIT_PATH=f"{folder}:/usr/lib/systemd/system")
        words = run("systemd-analyze", "verify", "--man=no", unit, env=env)
        assert "ticklerd.service" not in words, words
        words = run("systemd-analyze", "security", "--offline=true", "--threshold=15", "--no-pager", unit, env=env)
        print(next(line for line in words.splitlines() if "Overall exposure" in line))
        # The same check must be able to fail.
        unit.write_text("\n".join(line for line in text.splitlines() if "Protect" not in line))
        bad = subprocess.run(["systemd-analyze", "security", "--offline=true", "--threshold=15", str(unit)], env=env,
                             capture_output=True)
        assert bad.returncode != 0, "a unit without its protections must not pass"

        root = folder / "root"
        for sub, name in (("sysusers.d", "ticklerd.sysusers"), ("tmpfiles.d", "ticklerd.tmpfiles")):
            (root / "usr/lib" / sub).mkdir(parents=True)
            shutil.copy(SOURCE / "systemd" / name, root / "usr/lib" / sub / "ticklerd.conf")
        (root / "etc").mkdir()
        (root / "var/lib").mkdir(parents=True)
        run("systemd-sysusers", f"--root={root}")
        assert "ticklerd:" in (root / "etc/passwd").read_text()
        if os.getuid() == 0:  # tmpfiles gives the folder away, which only root may
            run("systemd-tmpfiles", f"--root={root}", "--create")
            assert (root / "var/lib/ticklerd").stat().st_mode & 0o777 == 0o700
    return 0


if __name__ == "__main__":
    sys.exit(main())
