#include "routing/sql/known_functions.hpp"

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>

namespace highwater::sql {
namespace {

using enum function_trait;

struct prefix_trait {
  std::string_view prefix;
  function_trait trait;
};

// Families; the longest that fits comes first. Only prefixes that belong to the server or to one extension.
constexpr prefix_trait families[] = {
    {"pg_advisory_xact_", transaction_lock},
    {"pg_try_advisory_xact_", transaction_lock},
    {"pg_advisory_unlock", advisory_unlock},  // takes no lock, so it holds no session where it is
    {"pg_advisory_", advisory_lock},
    {"pg_try_advisory_", advisory_lock},
    {"txid_current", session},
    {"pg_current_xact_id", session},
    {"pg_replication_origin_session_setup", lasting},
    {"pg_replication_origin_", session},
    {"pg_stat_", node_local},
    {"pg_ls_", node_local},
    {"pg_read_", node_local},
    {"pg_logical_", node_local},
    {"pg_replication_", node_local},
    {"pg_wal_replay_", node_local},
    {"pg_current_wal_", node_local},
    {"pg_last_wal_", node_local},
    {"pg_walfile_", node_local},
    {"pg_control_", node_local},
    {"pg_get_wal_", node_local},
    {"pg_show_", node_local},
    {"pg_create_", node_local},
    {"pg_drop_", node_local},
    {"pg_hba_", node_local},
    {"pg_ident_", node_local},
    {"pg_backup_", node_local},
    {"pg_log_", node_local},
    {"dblink_connect", lasting},
    {"dblink", session},
};

// Not here are pg_my_temp_schema() and pg_is_other_temp_schema(): a session with temporary tables is pinned to the
// primary, and one without them gets the same answer everywhere.
const boost::unordered_flat_map<std::string_view, function_trait> names = {
    // Their results differ from call to call on one node, so differing between nodes tells nothing new.
    {"random", harmless},
    {"random_normal", harmless},
    {"clock_timestamp", harmless},
    {"timeofday", harmless},
    {"gen_random_uuid", harmless_extension},  // in the server since 13, in pgcrypto before
    {"uuidv4", harmless},
    {"uuidv7", harmless},
    {"uuid_generate_v1", harmless_extension},
    {"uuid_generate_v1mc", harmless_extension},
    {"uuid_generate_v4", harmless_extension},
    {"gen_random_bytes", harmless_extension},
    {"gen_salt", harmless_extension},
    // They wait, and do nothing else.
    {"pg_sleep", harmless},
    {"pg_sleep_for", harmless},
    {"pg_sleep_until", harmless},
    // They look at replicated catalogues.
    {"pg_partition_tree", harmless},
    {"pg_partition_ancestors", harmless},
    // Reads a whole replicated large object; the descriptors of lo_open() are another matter.
    {"lo_get", harmless},

    {"currval", sequence},
    {"lastval", sequence},
    {"setseed", lasting},
    {"pg_notify", session},
    {"pg_listening_channels", session},
    {"pg_backend_pid", session},
    {"pg_cursor", session},
    {"pg_prepared_statement", session},
    {"pg_export_snapshot", session},
    {"pg_blocking_pids", session},
    {"pg_cancel_backend", session},
    {"pg_terminate_backend", session},
    {"pg_trigger_depth", session},
    {"lo_open", session},
    {"lo_close", session},
    {"loread", session},
    {"lowrite", session},
    {"lo_lseek", session},
    {"lo_lseek64", session},
    {"lo_tell", session},
    {"lo_tell64", session},
    {"lo_truncate", session},
    {"lo_truncate64", session},
    {"lo_import", node_local},
    {"lo_export", node_local},
    {"set_config", set_config},
    {"current_setting", setting},

    // A replica has other free-space and visibility maps, nothing of unlogged tables, and temporary files of its own.
    {"pg_relation_size", node_local},
    {"pg_table_size", node_local},
    {"pg_indexes_size", node_local},
    {"pg_total_relation_size", node_local},
    {"pg_database_size", node_local},
    {"pg_tablespace_size", node_local},

    {"pg_is_in_recovery", node_local},
    {"pg_current_snapshot", node_local},
    {"txid_current_snapshot", session},
    {"txid_status", node_local},
    {"pg_xact_status", node_local},
    {"pg_is_wal_replay_paused", node_local},
    {"pg_last_xact_replay_timestamp", node_local},
    {"pg_promote", node_local},
    {"pg_switch_wal", node_local},
    {"inet_server_addr", node_local},
    {"inet_server_port", node_local},
    {"inet_client_addr", node_local},
    {"inet_client_port", node_local},
    {"pg_postmaster_start_time", node_local},
    {"pg_conf_load_time", node_local},
    {"pg_reload_conf", node_local},
    {"pg_rotate_logfile", node_local},
    {"pg_current_logfile", node_local},
    {"pg_lock_status", node_local},
    {"pg_config", node_local},
    {"pg_settings_get_flags", node_local},
    {"pg_get_replication_slots", node_local},
    {"pg_get_shmem_allocations", node_local},
    {"pg_get_backend_memory_contexts", node_local},
    {"pg_tablespace_databases", node_local},
    {"pg_available_extensions", node_local},
    {"pg_available_extension_versions", node_local},
    {"pg_extension_update_paths", node_local},
    {"pg_notification_queue_usage", node_local},
    {"pg_jit_available", node_local},
    {"pg_get_sequence_data", node_local},

    {"pg_create_physical_replication_slot", temporary_slot},
    {"pg_create_logical_replication_slot", temporary_slot},
    {"pg_copy_physical_replication_slot", temporary_slot},
    {"pg_copy_logical_replication_slot", temporary_slot},

    {"query_to_xml", runs_text},
    {"query_to_xmlschema", runs_text},
    {"query_to_xml_and_xmlschema", runs_text},
    {"cursor_to_xml", runs_text},
    {"cursor_to_xmlschema", runs_text},
    {"ts_stat", runs_text},
    {"ts_rewrite", runs_text},
    {"crosstab", runs_text},
    {"crosstab2", runs_text},
    {"crosstab3", runs_text},
    {"crosstab4", runs_text},
    {"crosstab_hash", runs_text},
    {"connectby", runs_text},
    {"table_to_xml", runs_sql},
    {"table_to_xmlschema", runs_sql},
    {"table_to_xml_and_xmlschema", runs_sql},
    {"schema_to_xml", runs_sql},
    {"schema_to_xmlschema", runs_sql},
    {"schema_to_xml_and_xmlschema", runs_sql},
    {"database_to_xml", runs_sql},
    {"database_to_xmlschema", runs_sql},
    {"database_to_xml_and_xmlschema", runs_sql},
};

}  // namespace

function_trait trait_of_function(std::string_view name) noexcept {
  if (const auto known = names.find(name); known != names.end()) return known->second;
  for (const auto& family : families) {
    if (name.starts_with(family.prefix)) return family.trait;
  }
  return ordinary;
}

// lo_open, lo_close, loread, lowrite, lo_lseek, lo_creat, lo_create, lo_tell, lo_unlink, lo_truncate, lo_lseek64,
// lo_tell64, lo_truncate64: the same in all versions, as libpq's large object interface looks them up.
bool ends_with_transaction(std::uint32_t function) noexcept {
  constexpr std::uint32_t of_large_objects[] = {952, 953, 954, 955, 956, 957, 715, 958, 964, 1004, 3170, 3171, 3172};
  return std::ranges::find(of_large_objects, function) != std::end(of_large_objects);
}

}  // namespace highwater::sql
