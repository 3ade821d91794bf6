/*
 * godwit - the program.  What it does stands in commands.c and one file a
 * command.
 */
#include "cli/commands.h"

int
main(int argc, char **argv)
{
	return cli_commands_run(argc, argv);
}
