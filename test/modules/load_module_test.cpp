// Which files are modules, and what is said about those that are not.
#include "gems/modules/load_module.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "gems/dsl/error.h"
#include "temporary_directory.h"

namespace gems {
namespace {

namespace fs = std::filesystem;

std::string file_of(const std::string& name) { return MODULES + name + ".so"; }

// Without the folder that the modules are in.
std::string error_of(const std::string& path) {
  try {
    load_module(path);
  } catch (const Error& error) {
    std::string text = error.what();
    for (std::size_t at = text.find(MODULES); at != std::string::npos; at = text.find(MODULES))
      text.erase(at, std::string(MODULES).size());
    return text;
  }
  return "no error";
}

TEST_CASE("the same file again is the module that was loaded") {
  const Module& module = load_module(file_of("sample_ops"));
  CHECK(module.name == "sample_ops");
  CHECK(module.path == fs::canonical(file_of("sample_ops")));
  REQUIRE(module.ops.size() == 4);
  CHECK(module.ops[0]->name == "swish_glu");
  CHECK(&load_module(file_of("sample_ops")) == &module);
  const test::TemporaryDirectory folder;
  fs::create_symlink(module.path, folder / "link.so");
  CHECK(&load_module(folder / "link.so") == &module);
}

TEST_CASE("another file with a module of that name is refused by name") {
  load_module(file_of("sample_ops"));
  CHECK(
      error_of(file_of("other_sample_ops")) ==
      "module other_sample_ops.so: a module 'sample_ops' is already loaded from sample_ops.so, and stays for the life "
      "of the process; give one another name in GEMS_OPERATORS(...)");
}

TEST_CASE("a loaded file that changes is refused") {
  const test::TemporaryDirectory folder;
  const std::string path = folder / "changing.so";
  fs::copy_file(file_of("changing"), path);
  load_module(path);
  fs::remove(path);
  fs::copy_file(file_of("sample_ops"), path);
  CHECK(
      error_of(path).ends_with("the file has changed since it was loaded, and a module stays for the life of the "
                               "process; start a new process to use the new one"));
}

TEST_CASE("a file that is no module is refused before anything of it runs") {
  const test::TemporaryDirectory folder;
  const std::string text = folder / "text.so";
  // In two parts: this program shall not contain the whole symbol.
  std::ofstream(text) << "gems_operators_" << 1 << '\0';
  const std::string expected =
      " is no module of gems operators: expected a shared library with GEMS_OPERATORS(...) in one of its sources, as "
      "gems_add_operators() in CMake and gems.load_inline() in Python build it";
  CHECK(error_of(text) == "'" + text + "'" + expected);
  // A program with this library inside, which has the prefix of the symbol.
  CHECK(error_of("/proc/self/exe").ends_with(expected));
  CHECK(error_of(folder / "missing.so") ==
        "there is no file '" + (folder / "missing.so") + "'; build the module, or give the path of its .so");
  CHECK(error_of(MODULES).ends_with("is no file; give the path of a module's .so"));
}

TEST_CASE("another format is refused, and what to do depends on which is older") {
  CHECK(error_of(file_of("format_of_the_past")) ==
        "'format_of_the_past.so' is a module of format 0, and this gems reads format 1: rebuild it with the installed "
        "gems");
  CHECK(error_of(file_of("format_to_come")) ==
        "'format_to_come.so' is a module of format 99, and this gems reads format 1: it was built with a newer gems; "
        "update this one, or rebuild it with this one");
}

TEST_CASE("a library that the loader refuses is refused with its words") {
  const std::string text = error_of(file_of("undefined_function"));
  CHECK(text.starts_with("'undefined_function.so' cannot be loaded: "));
  CHECK(text.find("no_such_function") != std::string::npos);
  CHECK(text.ends_with("; link into the module all that it uses"));
}

TEST_CASE("a table that describes what cannot be an op is refused") {
  const std::string newer =
      ", which this gems does not know: it was built with a newer gems; update this one, or rebuild the module with "
      "this "
      "one";
  const auto wrong = [](const std::string& name) { return error_of(file_of(name)); };
  CHECK(wrong("two_of_one_name") ==
        "module two_of_one_name.so: op 'minus' is defined twice: at minus.c:7 and at again.c:8; give one another name");
  CHECK(wrong("no_ops") == "module no_ops.so: it has no operators; name them in GEMS_OPERATORS(...)");
  CHECK(wrong("named_gems") ==
        "module named_gems.so: it is named 'gems', which are the built-in operators; give it another name");
  CHECK(wrong("nothing_exported") ==
        "'nothing_exported.so' does not export gems_operators_1: do not strip or hide that symbol");
  CHECK(wrong("no_table") == "'no_table.so' has no memory for its table");
  CHECK(wrong("small_table") ==
        "module small_table.so: its table is smaller than its format has; rebuild it with the installed gems");
  CHECK(wrong("too_many_operands") ==
        "module too_many_operands.so: op 'minus' (minus.c:7): it has 13 operands, expected 1 to 12");
  CHECK(wrong("not_an_identifier") ==
        "module not_an_identifier.so: op 'minus' (minus.c:7): an operand is named 'x y'; name it with letters, digits "
        "and "
        "underscores");
  CHECK(
      wrong("flag_promoted") ==
      "module flag_promoted.so: op 'minus' (minus.c:7): it promotes operand 1, which is no tensor and no number of it");
  CHECK(wrong("accepts_unknown") == "module accepts_unknown.so: op 'minus' (minus.c:7): it takes 'Quaternion'" + newer);
  CHECK(wrong("promotion_unknown") ==
        "module promotion_unknown.so: op 'minus' (minus.c:7): it promotes by 'Upwards'" + newer);
  CHECK(wrong("kind_unknown") == "module kind_unknown.so: op 'minus' (minus.c:7): operand 'x' is of kind 9" + newer);
  CHECK(wrong("row_in_a_pointwise_op") ==
        "module row_in_a_pointwise_op.so: op 'minus' (minus.c:7): operand 'mode' is one of rowwise operators; set "
        "is_rowwise, or make it a tensor");
  CHECK(wrong("optional_promoted_alone") ==
        "module optional_promoted_alone.so: op 'minus' (minus.c:7): it promotes operands that a call may leave out, "
        "and no other; name one that is always there");
}

}  // namespace
}  // namespace gems
