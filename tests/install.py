#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""install.py: outlast as a dependency of the small project in tests/install.

`meson install`, then the project built by pkg-config, by CMake (from a place the installation was
moved to) and with outlast as a Meson subproject; and each of them refusing a Boost that is too old."""
import functools
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
CONSUMER = ROOT / "tests" / "install"
AT = ROOT / ".build" / "install"
PREFIX, MOVED, OLD_BOOST = AT / "prefix", AT / "moved", AT / "boost-1.74"
PRINTED = {"consumer": r"outlast (\d+\.\d+\.\d+): 7", "folders": "all there"}
PACKAGES = {"consumer": ["outlast"], "folders": ["outlast-http", "outlast-beast", "outlast-oauth2"]}
COMPILER = shlex.split(os.environ.get("CXX") or "g++")
BOOST_TOO_OLD = r"outlast needs.* Boost 1\.81 or later"


class Complaint(Exception):
    pass


def run(*command, **environment):
    """The command's end, whatever it is; what it said is in `.said`, on one line for what is wrapped."""
    done = subprocess.run([str(word) for word in command], cwd=ROOT, text=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, errors="replace",
                          env={**os.environ, "LC_ALL": "C", **environment})
    done.said = f"$ {shlex.join(done.args)}\n{done.stdout}"
    done.words = " ".join(done.stdout.split())
    return done


def must(*command, **environment):
    done = run(*command, **environment)
    if done.returncode != 0:
        raise Complaint(done.said)
    return done


def must_refuse(pattern, *command, **environment):
    done = run(*command, **environment)
    if done.returncode == 0:
        raise Complaint(f"it must be refused and is not:\n{done.said}")
    if not re.search(pattern, done.words):
        raise Complaint(f"it is refused, but not with /{pattern}/:\n{done.said}")


def must_print(program):
    """Runs a consumer; the version that the headers say, where it prints it."""
    said = must(program).stdout.strip()
    match = re.fullmatch(PRINTED[program.name], said)
    if not match:
        raise Complaint(f"{program} printed `{said}`, not /{PRINTED[program.name]}/")
    return match[1] if match.groups() else None


@functools.cache
def programs():
    """Those of the two consumers that can be built here."""
    needs = subprocess.run(["pkg-config", "--exists", "libcurl >= 7.87", "openssl >= 3.0", "libsodium"])
    return list(PRINTED) if needs.returncode == 0 else ["consumer"]


def version_of_the_project():
    return re.search(r"version: '([\d.]+)'", (ROOT / "meson.build").read_text())[1]


def boost_flags():
    boost = os.environ.get("BOOST_ROOT")
    return ["-isystem", boost + "/include", "-isystem", boost] if boost else []


def boost_for_cmake():
    boost = os.environ.get("BOOST_ROOT")
    return [f"-DBoost_ROOT={boost}"] if boost else []


def meson_installs():
    must("meson", "setup", AT / "build", f"--prefix={PREFIX}")
    must("meson", "install", "-C", AT / "build", "--no-rebuild")
    # The copy is all that CMake gets to see; what names the first place is not there to help.
    shutil.copytree(PREFIX, MOVED)


def pkg_config_names_the_headers():
    paths = {"PKG_CONFIG_PATH": str(PREFIX / "share" / "pkgconfig")}
    version = must("pkg-config", "--modversion", "outlast", **paths).stdout.strip()
    for program in programs():
        flags = must("pkg-config", "--cflags", "--libs", *PACKAGES[program], **paths).stdout.split()
        out = AT / "pkg-config" / program
        out.parent.mkdir(exist_ok=True)
        must(*COMPILER, "-std=c++20", CONSUMER / f"{program}.cpp", "-o", out, *boost_flags(), *flags)
        said = must_print(out)
        if said and not said == version == version_of_the_project():
            raise Complaint(f"the headers say version {said} (config.hpp), pkg-config {version}, "
                            f"the project {version_of_the_project()} (meson.build)")


def cmake(name, *definitions):
    return ["cmake", "-S", CONSUMER, "-B", AT / name, f"-DCMAKE_CXX_COMPILER={COMPILER[-1]}",
            f"-DCMAKE_PREFIX_PATH={MOVED}", *boost_for_cmake(), *definitions]


def cmake_finds_what_was_moved():
    hidden = PREFIX.rename(PREFIX.with_name("hidden"))
    try:
        must(*cmake("cmake", *([] if "folders" in programs() else ["-DCOMPONENTS_ASKED_FOR="])))
        must("cmake", "--build", AT / "cmake", "--parallel", os.environ.get("OUTLAST_JOBS", "1"))
    finally:
        hidden.rename(PREFIX)
    for program in programs():
        must_print(AT / "cmake" / program)


def cmake_refuses_another_version():
    for version in ("0.2", "0.1.99", "1.0"):
        must_refuse(rf'compatible with requested version "{re.escape(version)}"',
                    *cmake(f"cmake-{version}", f"-DVERSION_ASKED_FOR={version}"))


def cmake_refuses_an_unknown_component():
    must_refuse("outlast's component amqp needs to be called http, beast, oauth2 or jose",
                *cmake("cmake-amqp", "-DCOMPONENTS_ASKED_FOR=amqp"))


def cmake_refuses_an_old_boost():
    must_refuse(BOOST_TOO_OLD + r", and found 1\.74\.0 in " + re.escape(str(OLD_BOOST)),
                *cmake("cmake-old-boost", "-DBoost_NO_BOOST_CMAKE=ON", f"-DBoost_ROOT={OLD_BOOST}"))


def meson_takes_it_as_a_subproject():
    project = AT / "consumer"
    shutil.copytree(CONSUMER, project)
    # Only what a subproject needs: its tests and examples are nobody else's affair.
    outlast = project / "subprojects" / "outlast"
    for part in (".pkg", "include"):
        shutil.copytree(ROOT / part, outlast / part)
    shutil.copy(ROOT / "meson.build", outlast)
    must("meson", "setup", project / "build", project)
    must("ninja", "-C", project / "build", "-j", os.environ.get("OUTLAST_JOBS", "1"))
    for program in programs():
        must_print(project / "build" / program)


def meson_refuses_an_old_boost():
    must_refuse(BOOST_TOO_OLD, "meson", "setup", AT / "build-old-boost", BOOST_ROOT=str(OLD_BOOST))


def headers_refuse_an_old_boost():
    must_refuse(BOOST_TOO_OLD, *COMPILER, "-std=c++20", "-fsyntax-only", "-I", "include",
                "-I", OLD_BOOST / "include", CONSUMER / "consumer.cpp")


CHECKS = [meson_installs, pkg_config_names_the_headers, cmake_finds_what_was_moved, cmake_refuses_another_version,
          cmake_refuses_an_unknown_component, cmake_refuses_an_old_boost, meson_takes_it_as_a_subproject,
          meson_refuses_an_old_boost, headers_refuse_an_old_boost]


def unpack_old_boost():
    """Just enough of Boost 1.74 for everybody to find it."""
    headers = OLD_BOOST / "include" / "boost"
    headers.mkdir(parents=True)
    (headers / "version.hpp").write_text('#define BOOST_VERSION 107400\n#define BOOST_LIB_VERSION "1_74"\n')
    (headers / "config.hpp").touch()


def main():
    shutil.rmtree(AT, ignore_errors=True)
    AT.mkdir(parents=True)
    unpack_old_boost()
    passed = failed = skipped = 0
    if shutil.which("pkg-config") and "folders" not in programs():
        print("SKIPPED tests/install/folders.cpp: not found: libcurl 7.87 or later, OpenSSL 3, or libsodium")
        skipped += 1
    for check in CHECKS:
        for tool in ("meson", "pkg-config", "cmake"):
            if check.__name__.startswith(tool.replace("-", "_")) and not shutil.which(tool):
                print(f"SKIPPED {check.__name__}: {tool} is not installed")
                skipped += 1
                break
        else:
            try:
                check()
                passed += 1
            except Complaint as complaint:
                print(f"{check.__name__}: {complaint}")
                failed += 1
    print(f"install: {passed} passed, {failed} failed, {skipped} skipped")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
