#include "autograd/core/view.hpp"

#include "autograd/core/fail.hpp"

namespace xgrad {

void View::refuse_elements(DType asked, const Location& where) const {
  fail<DTypeError>(where, "elements of ", name(asked), " are asked for, but those of ", shape, " ", name(dtype),
                   " are there");
}

}  // namespace xgrad
