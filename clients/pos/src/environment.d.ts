// Declares what the build puts into the program.
declare const __POS_VERSION__: string
