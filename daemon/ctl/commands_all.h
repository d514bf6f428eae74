/* commands_all.h: the functions of the command table, by file. */
#pragma once

#include "commands.h"

typedef int command_fn(struct office *office, int argc, char **argv);

command_fn cmd_init, cmd_migrate, cmd_check, cmd_reload;                               /* setup.c */
command_fn cmd_import;                                                                 /* import.c */
command_fn cmd_demo;                                                                   /* demo.c */
command_fn cmd_status;                                                                 /* status.c */
command_fn cmd_plan, cmd_run;                                                          /* plan_command.c */
command_fn cmd_rehearse, cmd_preview;                                                  /* rehearse.c */
command_fn cmd_tasks, cmd_task;                                                        /* tasks.c */
command_fn cmd_hold, cmd_release, cmd_pause, cmd_resume, cmd_retry, cmd_release_storm; /* operations.c */
command_fn cmd_suppressions, cmd_suppress, cmd_unsuppress;                             /* suppressions.c */
command_fn cmd_messages, cmd_message, cmd_jobs, cmd_runs;                              /* lists.c */
command_fn cmd_why, cmd_report, cmd_audit;                                             /* questions.c */
command_fn cmd_document;                                                               /* documents.c */
