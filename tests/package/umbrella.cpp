#include "xgrad.hpp"

int main() {}
