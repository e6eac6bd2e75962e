import { RULES, type Settings } from './settings';

/** The default namespace of the functions' metrics. */
export const METRICS_NAMESPACE = RULES.metricsNamespace.default;

/** Returns the variables of the settings that are made. */
export function variables(settings: Settings): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [name, { variable }] of Object.entries(RULES)) {
    const value = settings[name as keyof Settings];
    if (value !== undefined) {
      found[variable] = String(value);
    }
  }
  return found;
}
