export { Packages } from './code';
export { OUTBOX_INDEX } from './events';
export { FUNCTIONS, SWEEPER, type FunctionName, type PackageName } from './functions';
export { Latchstring } from './latchstring';
export type * from './props';
export type { Settings } from './settings';
export { LatchstringStack } from './stack';
export { StandaloneStack, type StandaloneProps } from './standalone';
export { EdgeWaf, type EdgeWafProps } from './waf';
