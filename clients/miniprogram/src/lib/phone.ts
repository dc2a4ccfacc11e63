// Checks what is typed to sign in, before the server is asked.

/** Whether this is a mainland mobile number of 11 digits. */
export const isPhone = (typed: string): boolean => /^1[3-9]\d{9}$/.test(typed)

/** Whether this has the form of a login code: 6 digits. */
export const isLoginCode = (typed: string): boolean => /^\d{6}$/.test(typed)
