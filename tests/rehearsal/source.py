"""A copy of the files that a deployment reads, in which a rehearsal can change a line, and the program that deploys it."""

import os
import pathlib
import re
import shutil
import subprocess
import sys

FILES = ["deploy", "infra", "template.yaml", "samconfig.toml"]
# The program is built for this machine, and no schedule may reach the real PokeAPI.
LOCAL = ["PokeapiBaseUrl=http://127.0.0.1:9/api/v2", "SyncRequestsPerMinute=0", "RateLimits=write=3600/60,register=60/60,login=60/60"]


# The variables with the key of the root user.
ROOT = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]


class Source:
    def __init__(self, root, run, program, deploy):
        self.root, self.folder = pathlib.Path(root), pathlib.Path(run) / "source"
        self.program, self.deploy_program = program, deploy
        # The variables of the caller, if it is not the root user.
        self.identity = {}
        self.reset()

    def reset(self):
        """Makes the copy equal to the repository again, but for what this machine requires."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        for name in FILES:
            source = self.root / name
            if source.is_dir():
                shutil.copytree(source, self.folder / name, ignore=shutil.ignore_patterns("src", "__pycache__"))
            else:
                shutil.copy(source, self.folder / name)
        for settings in (self.folder / "deploy").glob("*.toml"):
            settings.write_text(settings.read_text().replace('"arm64"', '"x86_64"'))
        samconfig = self.folder / "samconfig.toml"
        local = "".join(f'"{one}", ' for one in LOCAL)
        text = samconfig.read_text().replace("parameter_overrides = [", f"parameter_overrides = [{local}")
        # The schedule of the probe sends it to the domain of the distribution, which leads to AWS and not to the emulator.
        samconfig.write_text(text.replace("ProbeSchedule=ENABLED", "ProbeSchedule=DISABLED"))

    def edit(self, name, old, new):
        file = self.folder / name
        text = file.read_text()
        if old not in text:
            raise SystemExit(f"{name} does not contain {old!r}")
        file.write_text(text.replace(old, new, 1))

    def set(self, environment, parameter):
        """Adds `NAME=VALUE` to the parameters of an environment, instead of another value."""
        name = parameter.split("=")[0]
        samconfig = self.folder / "samconfig.toml"
        head, tail = samconfig.read_text().split(f"[{environment}.deploy.parameters]", 1)
        before, values, after = re.match(r"(.*?parameter_overrides = \[)([^\]]*)(\].*)", tail, re.DOTALL).groups()
        kept = [one for one in re.findall(r'"[^"]*"', values) if not one.startswith(f'"{name}=')]
        tail = before + ", ".join([*kept, f'"{parameter}"']) + after
        samconfig.write_text(f"{head}[{environment}.deploy.parameters]{tail}")

    def start(self, *arguments):
        """Starts a command of `cargo xtask`, as xtask does once it has built the program."""
        command = [self.deploy_program, *arguments]
        if arguments[0] == "deploy" or arguments[:2] == ("env", "create"):
            command += ["--program", self.program]
        variables = {name: value for name, value in os.environ.items() if not (self.identity and name in ROOT)}
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=self.folder,
            env={**variables, **self.identity, "POKEDEX_SAM_PYTHON": sys.executable},
        )

    def run(self, *arguments, fails=False):
        """Runs a command, which must succeed or fail; returns what it printed."""
        process = self.start(*arguments)
        output, _ = process.communicate()
        if (process.returncode != 0) != fails:
            raise SystemExit(f"{' '.join(arguments)} ended with {process.returncode}:\n{output[-6000:]}")
        return output
