/*
 * assert - our own bugs stop the program, in every build.
 *
 * Never for what the network, the disk or the user can cause.
 */
#ifndef GW_BASE_ASSERT_H
#define GW_BASE_ASSERT_H

#define GW_ASSERT(cond)                                                        \
	((cond) ? (void)0 : gw_assert_failed(#cond, __FILE__, __LINE__))

_Noreturn void gw_assert_failed(const char *cond, const char *file, int line);

#endif /* GW_BASE_ASSERT_H */
