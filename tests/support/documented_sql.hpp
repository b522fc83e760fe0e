#pragma once

// SQL that docs/operations.md tells a DBA to run, as the tests run it.

#include <string>

namespace highwater::testing_support {

// The function by which users are looked up. The role that it is granted to has to be there already.
std::string documented_lookup_function();

}  // namespace highwater::testing_support
