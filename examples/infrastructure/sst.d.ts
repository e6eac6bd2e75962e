// Of SST itself, which writes its types at `sst install`: what sst.config.ts uses, to check it without.
declare function $config(config: {
  app(): { name: string; home: 'aws' };
  run(): Promise<Record<string, unknown>>;
}): unknown;
