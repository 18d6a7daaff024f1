#pragma once

#include "report/curve.hpp"
#include "report/digits.hpp"
#include "report/progress.hpp"
