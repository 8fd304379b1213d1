"""The documents: their examples run, their links lead somewhere, and they list every environment variable."""

import re

import docs_examples
import pytest
from repository import ROOT, cpp_files, text_of, tracked_files

EXAMPLES = [example for document in docs_examples.documents() for example in docs_examples.extract(document)]


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_example_runs(example):
    problem = docs_examples.run(example)
    assert problem is None, problem


def test_readme_and_docs_have_examples():
    assert {"README.md", "docs/dsl.md"} <= {example.document for example in EXAMPLES}


def test_environment_document_lists_exactly_the_variables_that_are_read():
    package = [p for p in tracked_files() if p.is_relative_to("runtime/aten/python")]
    readers = ["runtime/lib/process/settings.cpp", *package]
    read = {name for path in readers for name in re.findall(r'"(GEMS_[A-Z_]+)"', text_of(path))}
    documented = set(re.findall(r"^\| `(GEMS_\w+)", text_of("docs/environment.md"), re.MULTILINE))
    assert documented == read


def test_links_between_documents_lead_somewhere():
    broken = []
    for path in tracked_files():
        if path.suffix != ".md":
            continue
        prose = docs_examples.FENCE.sub("", text_of(path))
        for target in re.findall(r"\]\(([^)#\s]+)", prose):
            if not target.startswith("http") and not (ROOT / path.parent / target).exists():
                broken.append(f"{path}: {target}")
    assert broken == []


def test_documents_that_the_code_names_exist():
    named = {(str(path), name) for path in cpp_files() for name in re.findall(r"\bdocs/[\w-]+\.md", text_of(path))}
    assert sorted((path, name) for path, name in named if not (ROOT / name).exists()) == []


def test_every_top_folder_has_a_readme():
    folders = {path.parts[0] for path in tracked_files() if len(path.parts) > 1 and not path.parts[0].startswith(".")}
    assert sorted(folder for folder in folders if not (ROOT / folder / "README.md").exists()) == []


def test_overrides_document_lists_exactly_the_reasons_for_declining():
    reasons = re.findall(r'^GEMS_DECLINE_REASON\(\w+, "([^"]+)"\)', text_of(
        "runtime/aten/include/gems/aten/decline_reasons.def"), re.MULTILINE)
    section = text_of("docs/overrides.md").split("## Declining")[1]
    assert re.findall(r"^\| ([^|]+) \| [^|]+ \|$", section, re.MULTILINE)[1:] == reasons


def test_pw_document_lists_exactly_the_passes():
    passes = re.findall(r'Pw_\w+Pass<"([\w-]+)">', text_of("compiler/lib/Transforms/Passes.td"))
    assert re.findall(r"^\| [^|]*\| `(pw-[\w-]+)` \|", text_of("docs/pw-dialect.md"), re.MULTILINE) == passes
