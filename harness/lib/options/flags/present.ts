// An object without the keys whose value is undefined: what was not said is left to a default.

export function present<Given extends object>(given: Given): Given {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Given;
}
