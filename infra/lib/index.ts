export { Packages } from './code';
export { FUNCTIONS, type FunctionName } from './functions';
export { Latchstring } from './latchstring';
export type * from './props';
export type { Settings } from './settings';
export { LatchstringStack } from './stack';
export { StandaloneStack, type StandaloneProps } from './standalone';
export { EdgeWaf, type EdgeWafProps } from './waf';
