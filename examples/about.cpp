// What computes here, and how it is set: ./run about

#include <iostream>

#include "autograd/autograd.hpp"

int main() {
  try {
    std::cout << xgrad::about();
  } catch (const xgrad::Error& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
