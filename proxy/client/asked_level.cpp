#include "proxy/client/asked_level.hpp"

#include "routing/requirement.hpp"

namespace highwater::proxy {

void asked_level::set(value wanted, bool in_transaction, bool local) noexcept {
  if (!in_transaction) {
    if (!local) session_ = effective_ = wanted;  // SET LOCAL outside a transaction has no effect
    return;
  }
  if (!transaction_) transaction_ = {session_, effective_.value_or(otherwise_)};
  transaction_->strongest = routing::join(transaction_->strongest, wanted.value_or(otherwise_));
  effective_ = wanted;
  if (!local) session_ = wanted;
}

void asked_level::partly_undone() noexcept {
  if (transaction_) session_ = effective_ = transaction_->strongest;
}

void asked_level::transaction_over(bool rolled_back) noexcept {
  if (!transaction_) return;
  if (rolled_back) session_ = transaction_->before;
  effective_ = session_;
  transaction_.reset();
}

}  // namespace highwater::proxy
