#include "autograd/engine/about.hpp"

#include <cblas.h>

#include <array>
#include <cstring>
#include <ostream>

#if defined(__unix__)
#include <dlfcn.h>
#endif
#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include "autograd/core/text.hpp"
#include "autograd/engine/cpu/instruction_set.hpp"
#include "autograd/engine/cpu/threads.hpp"
#include "autograd/engine/engine.hpp"
#include "autograd/engine/machine/compile_phase.hpp"
#include "autograd/engine/memory_budget.hpp"

namespace xgrad {

namespace {

std::string without_spaces_around(const std::string& text) {
  const std::size_t first = text.find_first_not_of(' '), last = text.find_last_not_of(std::string(" \0", 2));
  return first == std::string::npos ? "" : text.substr(first, last + 1 - first);
}

std::string processor() {
#if defined(__x86_64__)
  // CPUID gives the name in three parts.
  std::array<unsigned, 12> words{};
  bool told = true;
  for (unsigned leaf = 0; leaf < 3; ++leaf) {
    unsigned* const at = words.data() + 4 * leaf;
    told = told && __get_cpuid(0x80000002 + leaf, at, at + 1, at + 2, at + 3);
  }
  if (told)
    return without_spaces_around(std::string(reinterpret_cast<const char*>(words.data()), sizeof words).c_str());
#endif
  return "unknown";
}

/// The text that a BLAS function of this name returns; empty if there is no such function.
std::string told_by(const char* function) {
#if defined(__unix__)
  if (void* const found = dlsym(RTLD_DEFAULT, function)) return reinterpret_cast<const char* (*)()>(found)();
#else
  static_cast<void>(function);
#endif
  return "";
}

std::string blas() {
  std::string told = without_spaces_around(told_by("openblas_get_config"));
  if (!told.empty()) return told;
#if defined(__unix__)
  Dl_info where;
  if (dladdr(reinterpret_cast<void*>(&cblas_sgemm), &where) && where.dli_fname) return where.dli_fname;
#endif
  return "unknown";
}

const char* state(const About::Set& set) {
  return !set.in_build ? " (not in this build)" : !set.in_processor ? " (not in this processor)" : "";
}

}  // namespace

About about() {
  About all;
  all.version = XGRAD_VERSION;
  all.processor = processor();
  all.engine = engine();
  all.instruction_set = fused::name(fused::instruction_set());
  for (const fused::InstructionSet set : fused::instruction_sets)
    all.instruction_sets.push_back({fused::name(set), fused::in_build(set), fused::in_processor(set)});
  all.blas = blas();
  all.blas_core = told_by("openblas_get_corename");
  all.threads = num_threads();
  all.tier = tier();
  all.machine_code = fused::has_machine_code();
  all.memory_budget = memory_budget();
  return all;
}

std::ostream& operator<<(std::ostream& stream, const About& about) {
  Text out;
  out << "xgrad            " << about.version << "\nprocessor        " << about.processor << "\ninstruction set  "
      << about.instruction_set << "; there could be: ";
  const char* separator = "";
  for (const About::Set& set : about.instruction_sets) {
    out << separator << set.name << state(set);
    separator = ", ";
  }
  out << "\nBLAS             " << about.blas << (about.blas_core.empty() ? "" : ", core " + about.blas_core)
      << "\nthreads          " << about.threads << "\nengine           " << about.engine << "\ntier             "
      << about.tier << (about.machine_code ? "" : " (no machine code in this build)") << "\nmemory budget    ";
  about.memory_budget == 0 ? out << "none\n" : out << about.memory_budget << " bytes\n";
  return stream << out.str();
}

}  // namespace xgrad
