// Machine code.

#include "tests/autograd/engine/mutants/table.hpp"

namespace xgrad::mutants {

Room machine_code() {
  return {
      "machine code",
      {
          {"a difference commutes", tests("machine code does what the interpreter does"), Needs::machine_code},
          {"a load becomes an operand behind a store",
           tests("a load is an operand only where nothing has been stored since"), Needs::machine_code},
          {"spilled values share a place", tests("machine code does what the interpreter does"), Needs::machine_code},
          {"machine code reads the numbers of the first row for all",
           tests("machine code does what the interpreter does"), Needs::machine_code},
          {"an operand is thrown out for the next one",
           tests("where an instruction has more operands than registers there is no allocation"), Needs::machine_code},
          {"a result takes the register of an operand that is wanted again",
           tests("machine code does what the interpreter does"), Needs::machine_code},
          {"what is not less is greater or equal, NaN or not", tests("machine code does what the interpreter does"),
           Needs::machine_code},
          {"a comparison keeps its predicate when its operands are swapped",
           tests("machine code does what the interpreter does"), Needs::machine_code},
          {"what was loaded is known by its pointer alone", tests("machine code does what the interpreter does"),
           Needs::machine_code},
          {"what was loaded is there after a store", tests("machine code does what the interpreter does"),
           Needs::machine_code},
          {"machine code counts the columns of its first vectors only",
           tests("machine code does what the interpreter does"), Needs::machine_code},
          {"the tail of AVX-512 has one lane too many", tests("machine code does what the interpreter does"),
           Needs::avx512},
          {"the tail of AVX2 has one lane too many", tests("machine code does what the interpreter does"), Needs::avx2},
          {"masks of a tail are not written back", tests("machine code does what the interpreter does"), Needs::avx2},
          {"all vectors of a tail are masked like the first", tests("machine code does what the interpreter does"),
           Needs::machine_code},
          {"a multiply-add takes its result for the other factor", tests("machine code does what the interpreter does"),
           Needs::machine_code},
          {"lanes beyond the tail are added", tests("machine code does what the interpreter does"),
           Needs::machine_code},
          {"sums of four columns go on from the last ones", tests("machine code does what the interpreter does"),
           Needs::machine_code},
          {"the largest of a row is no NaN on AVX2", tests("machine code does what the interpreter does"), Needs::avx2},
          {"the largest of a row is no NaN on AVX-512", tests("machine code does what the interpreter does"),
           Needs::avx512},
          {"some lanes of a sum have no start", tests("machine code does what the interpreter does"),
           Needs::machine_code},
          {"a call of the C library does not keep all registers",
           tests("machine code keeps its registers when it leaves a lane to the C library"), Needs::machine_code},
      }};
}

}  // namespace xgrad::mutants
