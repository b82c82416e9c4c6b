package kbsql

// MigrateFiles applies other migrations than the embedded ones.
var MigrateFiles = migrate
