#include "autograd/engine/interpreter/interpreter.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "autograd/engine/cpu/fault.hpp"
#include "autograd/engine/programs/reduction_facts.hpp"

namespace xgrad::fused {

namespace {

constexpr std::size_t lanes_bytes = reduction_lanes * sizeof(double);

struct Reduction {
  Code code;
  std::uint16_t register_;
};

template <class T>
T start_of(Code code) {
  const bool wrong = code == Code::max && planted("the largest of a row is at least 0");
  return wrong ? T{0} : static_cast<T>(reduction_facts(code).start);
}

/// Joins the lanes of a reduction in the order that PhaseKernel defines.
template <class T>
T finish(Code code, double* lanes) {
  if (!reduction_facts(code).in_lanes)
    return *reinterpret_cast<T*>(lanes) + (planted("the largest of a row may be -0") ? -T{0} : T{0});
  const bool product = reduction_facts(code).join == Join::product;
  for (int half = reduction_lanes / 2; half; half /= 2)
    for (int l = 0; l < half; ++l) {
      const int from = planted("lanes are joined in another order") ? 2 * l : l;
      const int other = planted("lanes are joined in another order") ? from + 1 : l + half;
      lanes[l] = product ? lanes[from] * lanes[other] : lanes[from] + lanes[other];
    }
  return static_cast<T>(lanes[0]);
}

class Interpreter final : public PhaseKernel {
 public:
  Interpreter(const Program& program, const Phase& phase, const Aliases& aliases, const TileFunctions& functions)
      : places_(program), item_(item_size(program.dtype)), registers_(program.registers) {
    TileCode code = tile_code(program, phase, aliases, functions, TileShape::part, {});
    instructions_ = std::move(code.instructions);
    slots_ = static_cast<std::size_t>(code.slots);
    for (const Step& step : phase.steps)
      if (is_reduction(step.code)) reductions_.push_back({step.code, step.out});
    find_pointers(program);
  }

  std::size_t workspace() const override {
    return slots_ * slot_stride + reductions_.size() * lanes_bytes + (places_.slots + slots_) * sizeof(char*) + 64;
  }

  void run(const PhaseArguments& arguments) const override {
    for (std::int64_t row = 0; row < arguments.rows; ++row)
      if (item_ == 4)
        run_as<float>(arguments, row);
      else
        run_as<double>(arguments, row);
  }

 private:
  struct Used {
    std::uint16_t pointer;
    std::uint16_t item;  // bytes of an element
  };

  void find_pointers(const Program& program) {
    std::vector<char> used(program.pointers.size());
    for (const TileInstruction& instruction : instructions_) {
      for (const std::uint16_t place : instruction.in)
        if (place < used.size()) used[place] = 1;
      if (instruction.out < used.size()) used[instruction.out] = 1;
    }
    for (std::size_t p = 0; p < used.size(); ++p)
      if (used[p])
        used_.push_back(
            {static_cast<std::uint16_t>(p),
             static_cast<std::uint16_t>(
                 program.pointers[p].mask && !planted("the bytes of a mask are as wide as numbers") ? 1 : item_)});
  }

  /// Sets the addresses of all places for the first tile of a row. Those of pointers then advance from tile to tile.
  template <class T>
  char** lay_out(const PhaseArguments& arguments, std::int64_t row, double& first_column) const {
    char* memory = static_cast<char*>(arguments.workspace);
    char* lanes = memory + slots_ * slot_stride;
    char** place = reinterpret_cast<char**>(lanes + reductions_.size() * lanes_bytes);
    for (const auto [p, item] : used_)
      place[p] = static_cast<char*>(arguments.pointers[p]) + (row ? row * arguments.strides[p] : 0);
    for (std::size_t r = 0; r < registers_; ++r)
      place[places_.registers + r] = static_cast<char*>(arguments.registers) + number(r, row) * item_;
    place[places_.first_column] = reinterpret_cast<char*>(&first_column);
    for (std::size_t i = 0; i < reductions_.size(); ++i) {
      const auto [code, r] = reductions_[i];
      char* own = place[places_.lanes + r] = lanes + i * lanes_bytes;
      if (planted("a reduction goes on from the row before")) continue;
      if (reduction_facts(code).in_lanes)
        std::fill_n(reinterpret_cast<double*>(own), reduction_lanes, start_of<double>(code));
      else
        *reinterpret_cast<T*>(own) = start_of<T>(code);
    }
    for (std::size_t s = 0; s < slots_; ++s) place[places_.slots + s] = memory + s * slot_stride;
    return place;
  }

  /// The index of a register's number for a row.
  static std::size_t number(std::size_t register_, std::int64_t row) {
    return register_ * most_rows + static_cast<std::size_t>(row);
  }

  template <class T>
  void run_as(const PhaseArguments& arguments, std::int64_t row) const {
    double first_column = 0;
    char** place = lay_out<T>(arguments, row, first_column);
    constexpr std::int64_t tile = slot_bytes / sizeof(T);
    for (std::int64_t begin = 0; begin < arguments.columns; begin += tile) {
      const std::int64_t n = std::min(tile, arguments.columns - begin) -
                             (planted("the last column of a long row is left out") && begin > 0 ? 1 : 0);
      for (const TileInstruction& instruction : instructions_)
        instruction.function(place[instruction.out], place[instruction.in[0]], place[instruction.in[1]],
                             place[instruction.in[2]], n);
      for (const Used& used : used_) place[used.pointer] += tile * used.item;
      if (!planted("columns are counted from the beginning of their tile")) first_column += tile;
    }
    for (const auto [code, r] : reductions_)
      static_cast<T*>(arguments.registers)[number(r, row)] =
          finish<T>(code, reinterpret_cast<double*>(place[places_.lanes + r]));
  }

  Places places_;
  std::size_t item_, registers_, slots_ = 0;
  std::vector<TileInstruction> instructions_;
  std::vector<Reduction> reductions_;
  std::vector<Used> used_;
};

}  // namespace

std::unique_ptr<PhaseKernel> interpret(const Program& program, std::size_t phase, const Aliases& aliases,
                                       InstructionSet set) {
  return std::make_unique<Interpreter>(program, program.phases[phase], aliases, tile_functions(set, program.dtype));
}

}  // namespace xgrad::fused
