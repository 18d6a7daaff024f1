// What runs when, on which memory and what processor.

#include "tests/autograd/engine/mutants/table.hpp"

namespace xgrad::mutants {

Room plans() {
  return {
      "plans",
      {
          {"sums over rows are taken in parts of the rows",
           tests("programs run on the parts of products have the bits of those that run afterwards")},
          {"memory is handed over to the first of its owners", network(0)},
          {"a transposed product takes its first operand as it lies", tests("products that are read transposed")},
          {"factors that are given transposed are taken as they lie",
           tests("a product with a transposed matrix is that product\\, to the bit\\, in every order")},
          {"a repeated matrix is taken for a batch", tests("a matrix that multiplies a batch is read where it lies")},
          {"a task does not know that it reads numbers of rows", network(1)},
          {"indices are always right", network(5)},
          {"what is read in two ways is written over", tests("[plan]")},
          {"a program of whole rows runs on parts of a product",
           tests("programs run on the parts of products have the bits of those that run afterwards")},
          {"an epilogue does not wait for its other inputs", network(4)},
          {"what an entry gets is given back", network(0)},
          {"leaves are overwritten that nobody gave away", tests("what somebody holds stays as it was")},
          {"two results take the memory of one input", network(0)},
          {"indices are not checked", tests("a class index that does not exist*")},
          {"the sign of what is scaled is lost", tests("products that are added to something")},
          {"a program runs once more after its parts",
           tests("programs run on the parts of products have the bits of those that run afterwards")},
          {"parts of one long row are taken for rows",
           tests("programs run on the parts of products have the bits of those that run afterwards")},
          {"who else holds a value that is given away is overlooked", tests("what somebody holds stays as it was")},
          {"who else has memory that is given away is overlooked", tests("[in_place]")},
          {"an entry that is tracked keeps nothing that it reads",
           tests("what a step was computed from may be differentiated afterwards")},
          {"what somebody else holds keeps nothing that it reads",
           tests("a view of a parameter that the update is computed from\\, and that is held\\, stays as it was")},
      }};
}

Room schedules() {
  return {"schedules",
          {
              {"leaves are overwritten before a task runs again",
               tests("leaves are overwritten only after the last task that runs again\\, and where there is room")},
              {"what is kept ends with its last reader", network(0)},
              {"leaves are overwritten before a task that may fail",
               tests("a leaf is overwritten only after the last task that may fail")},
              {"a value ends with its first reader", network(0)},
              {"memory that was taken over counts as given back", tests("[rematerialise]")},
              {"an epilogue joins whatever memory it takes",
               tests("what follows a task joins it unless it writes over what that reads\\, or takes more memory")},
              {"an epilogue writes over what its product reads",
               tests("a program that writes over what its product reads runs afterwards")},
              {"what is kept is computed again", tests("what is kept is computed once")},
              {"what was dropped is read without being computed again", tests("[rematerialise]")},
              {"what is dropped stays",
               tests("a chain takes memory like its square root\\, at the cost of running forward once more")},
          }};
}

Room products() {
  return {
      "products",
      {
          {"columns of a transposed operand are taken as they lie",
           tests("a product is what its definition says\\, within its rounding errors*")},
          {"a batch of matrices is the first of them",
           tests("a product is what its definition says\\, within its rounding errors*")},
          {"what is added to a part is that of the first part", tests("products that are added to something*")},
          {"windows that are read transposed are read as they lie", tests("[offsets]")},
          {"products of what lies anywhere need no memory",
           tests("a product of what lies anywhere may fail\\, for it needs memory")},
          {"what is laid out is laid out again",
           tests("products of what lies anywhere have the bits of those of what is laid out*")},
          {"a part of windows has the offsets of the first", tests("[offsets]")},
          {"what a product adds up goes on from what was there", tests("[offsets]")},
          {"what a product adds up has the places of its first rows", tests("[offsets]")},
          {"groups of the depth follow the number of threads",
           tests("the bits of a very deep product do not depend on its cuts*")},
          {"parts of all matrices are told as those of the first",
           tests("every element is handed on once\\, when it is finished")},
          {"a group of the depth is left out", tests("the bits of a very deep product do not depend on its cuts*")},
          {"a chain of products is twice as long",
           tests("a product is the sum in its order\\, to the last bit\\, whatever the kernel and layout*")},
          {"a tile of a product goes on from the one before",
           tests("a product is the sum in its order\\, to the last bit\\, whatever the kernel and layout*")},
          {"a deep sum has no groups", tests("[gemm]")},
          {"a group of the depth goes on from the one before",
           tests("the bits of a deep product follow from its sizes and numbers alone*")},
          {"lanes of a product are added up in another order",
           tests("a product in lanes is the sum of its lanes\\, to the last bit\\, whatever the kernel and layout*")},
      }};
}

Room evaluations() {
  return {"evaluations",
          {
              {"what somebody holds is dropped",
               tests("what somebody holds is computed once\\, and what nobody holds stays the second time")},
              {"what is computed again is dropped again",
               tests("what somebody holds is computed once\\, and what nobody holds stays the second time")},
              {"a view that somebody holds is kept", tests("views and constants that somebody holds take no memory")},
              {"an assignment leaves what is held pending", tests("an assignment computes what is pending and held")},
              {"stop_gradient does not get the value that comes later",
               tests("stop_gradient shares the value\\, in either order")},
          }};
}

Room sets_and_threads() {
  return {
      "instruction sets and threads",
      {
          {"the loops for AVX2 are those for any processor",
           tests("instruction sets with fused multiply-add agree bit for bit*"), Needs::avx2},
          {"products for AVX2 are those for any processor", tests("products follow the instruction set"), Needs::avx2},
          {"a set is chosen without a check",
           tests("set_instruction_set takes a set that is there and right\\, and else leaves the choice")},
          {"XGRAD_ISA is overlooked",
           tests("XGRAD_ISA chooses among the sets that are there\\, and is an error where it cannot")},
          {"the self-check looks at the first lane only", tests("the self-check finds whichever operation is wrong")},
          {"draws are taken unchecked", tests("functions that draw wrong numbers are found\\, whichever it is")},
          {"counters of blocks have no upper word",
           tests("uniform numbers have the bits of their blocks on every instruction set")},
          {"the last draws are not written",
           tests("random whole numbers have the bits of their blocks on every instruction set")},
          {"an exception in a block is lost",
           tests("an exception in a body reaches the caller\\, and the workers live on")},
      }};
}

}  // namespace xgrad::mutants
