// What makes a plan another one, and what becomes of its entries before there are programs.

#include "tests/autograd/engine/mutants/table.hpp"

namespace xgrad::mutants {

Room keys_and_caches() {
  return {
      "keys and caches",
      {
          {"the key leaves out which primitive it is",
           tests("a plan for equal values is none for those of two primitives")},
          {"the key leaves out arguments", tests("a plan is never used for another structure\\, shape or constant")},
          {"the key leaves out arguments of elementwise entries",
           tests("arguments of elementwise primitives are part of the key\\, too")},
          {"the key leaves out arguments that are not described",
           tests("what a plan knows of a primitive that is not described is part of its key")},
          {"the key leaves out which dynamic arguments are equal",
           tests("slices that begin at one place are one value\\, in the plan and in its key")},
          {"kernels keep the arguments of their first run", tests("a plan serves slices and pads wherever they begin")},
          {"the key leaves out which constants are equal",
           tests("a plan is never used for another structure\\, shape or constant")},
          {"the key takes 0 and -0 for one constant", tests("a plan for equal constants is none for 0 and -0")},
          {"the key leaves out the order of two inputs",
           tests("a plan is never used for another structure\\, shape or constant")},
          {"the key leaves out dtypes of leaves", tests("a plan is none for leaves of another shape or dtype")},
          {"the key leaves out shapes of leaves", tests("a plan is none for leaves of another shape or dtype")},
          {"the key leaves out the roots", tests("a plan is never used for another structure\\, shape or constant")},
          {"the key leaves out the budget", tests("a changed budget is met by another plan")},
          {"the key leaves out the instruction set",
           tests("what was planned and compiled for one instruction set is not used for another")},
          {"plans are told by their hash alone",
           tests("a plan is never used for another structure\\, shape or constant")},
          {"programs are told by the hash of their steps", tests("a program is shared as long as somebody holds it")},
          {"plans take any memory",
           tests("plans take no more memory than they may\\, and those that are gone are made again")},
          {"the memory of programs does not count",
           tests("programs take no more memory than plans may\\, whichever plans share them")},
          {"the plan that is used most goes", tests("plans that are used often stay while many others come and go")},
          {"uses of plans are not counted", tests("plans that were used often make room for others that are now")},
          {"uses count for ever", tests("plans that were used often make room for others that are now")},
          {"what is gone is new when it comes again",
           tests("plans that were used often make room for others that are now")},
          {"what comes last stays", tests("what comes in a cycle that is longer than the room for plans*")},
          {"every part of a long list may overwrite",
           tests("an update of several plans whose last one fails changes nothing")},
          {"a view is there for one part only", tests("tapes longer than a plan")},
          {"what a later part reads is no root", tests("tapes longer than a plan")},
          {"an entry that is tracked is cut", tests("a backward pass may be taken again\\, and adds")},
      }};
}

Room graphs() {
  return {"graphs",
          {
              {"entries are the same whatever their arguments",
               tests("a plan is never used for another structure\\, shape or constant")},
              {"entries are the same whatever their dtype", network(31)},
              {"entries are the same whatever their checkpoint", tests("a checkpoint keeps less")},
              {"entries are the same whatever they do not describe", tests("[sameness]")},
              {"random numbers are the same as others",
               tests("a plan for random numbers from equal sources is one for others")},
              {"axes apart are taken for the last ones",
               tests("a binary operation and its gradients equal tile\\, then sum\\, for all 7225 pairs of shapes")},
              {"what is transposed twice stays transposed once", tests("products that are read transposed")},
              {"two columns lie as they lay when they are transposed", network(4)},
              {"a repeated vector is taken for a repeated matrix",
               tests("a matrix that multiplies a batch is read where it lies")},
              {"a transposed product keeps the order of its operands", tests("products that are read transposed")},
              {"a scaled term is added where it is subtracted", tests("products that are added to something")},
              {"the product is scaled in place of what it is added to", tests("products that are added to something")},
              {"a transposed product is not transposed when it takes an addition in",
               tests("products that are added to something")},
              {"an addition loses its factor", tests("products that are added to something")},
          }};
}

Room groups() {
  return {
      "groups",
      {
          {"a mask needs the columns of any of its operands", tape(110)},
          {"a number in memory is computed from constants",
           tests("what is computed from constants alone is one number")},
          {"readers of a mask in memory are looked at once",
           tests("a mask of one element that is in memory is read by what is planned before that is known")},
          {"a mask in memory is a number for its row", tests("a mask of rows that is computed from one in memory")},
          {"a mask of masks in memory is no vector",
           tests("a mask that is computed from one in memory is read for each column")},
          {"a transposition is read where it is not",
           tests("what a program cannot read where it is needed is in memory")},
          {"products transpose one matrix over and over",
           tests("a matrix that many products read transposed is transposed once")},
          {"an operand of another dtype is in no memory", network(6)},
          {"two broadcasts agree on their columns", network(164)},
          {"a broadcast of axes apart is in no memory",
           tests("what a program cannot read where it is needed is in memory")},
          {"a sum over rows is read before its last row", network(3)},
          {"a group knows only its own inputs", network(0)},
          {"later groups learn nothing of new inputs", network(1)},
          {"a group has members of two dtypes", tests("one mask chooses among numbers of two dtypes")},
          {"a group has rows of two lengths", network(5)},
          {"a vector fits rows of any length", tests("a mask that is made of one in memory is repeated for each row")},
          {"a dependency through a view is dropped", network(0)},
          {"two groups become one around a third", network(2)},
          {"two groups become one around a sum over rows", network(3)},
          {"who depended on a group forgets it when it is merged", network(1)},
          {"groups run in the order in which they were begun", network(0)},
          {"a group keeps its rows when its columns are settled", network(0)},
      }};
}

Room views() {
  return {
      "views",
      {
          {"views keep the offsets of their first run", tests("a plan serves views that begin elsewhere")},
          {"a group reads elsewhere what it computes", tests("[views]")},
          {"two groups become one of which one reads elsewhere what the other computes", tests("[views]")},
          {"a product is read elsewhere before it is there",
           tests("a program reads a product plainly and as a view of it")},
          {"a result lies over what is read at other places", tests("[views]")},
          {"rows go on behind the end of an axis", tests("[views]")},
          {"what is around a view is left as it was", tests("[views]")},
          {"a copy of short runs begins with the first of a step", tests("rows of any view are read as they are")},
          {"short runs go on behind the end of an axis", tests("rows of any view are read as they are")},
          {"short runs know nothing of what is around a view", tests("rows of any view are read as they are")},
          {"pieces are joined in the first row", tests("what is joined where it lies is what is joined from memory")},
          {"all programs write the first of what is joined", tests("[joins]")},
          {"rows that lie apart are one long row", tests("[joins]")},
          {"several rows that lie apart lie together", tests("[joins]")},
          {"what an entry gets is only joined", tests("[joins]")},
          {"what others read, too, is written where it is joined", tests("[joins]")},
          {"a join does not know what its programs read", tests("[joins]")},
          {"a view keeps whatever it is a view of",
           tests("a view of little that somebody holds keeps little in memory")},
          {"a view of a view is copied as it was before the last movement", tests("[views]")},
          {"the result of a checkpoint is computed behind a view",
           tests("the result of a checkpoint is kept whole where only a part of it is read")},
          {"what is around a view keeps its sign",
           tests("what is around a scaled view is what it was\\, whatever the scale")},
          {"what is around a view is finite times infinity",
           tests("what is around a scaled view is what it was\\, whatever the scale")},
          {"the key leaves out whether constants are finite", tests("one plan scales views by other constants")},
          {"a group has bands of two sizes", tests("[bands]")},
          {"all bands are added up into the first", tests("[bands]")},
      }};
}

}  // namespace xgrad::mutants
