#pragma once

// Metrics: numbers of values that were computed. Each is a plain function of a batch, and a struct that takes batch
// after batch and gives the same result as all at once. No derivative flows, and no tape is kept.

#include "nn/metrics/accuracy.hpp"
#include "nn/metrics/confusion.hpp"
#include "nn/metrics/means.hpp"
#include "nn/metrics/precision_recall.hpp"
#include "nn/metrics/roc_auc.hpp"
