// Where the codes were at earlier steps: states of the map, as many as fit into a bounded memory. When it is full every other one
// goes, and from then on half as many come.

/** Each is 8 KB of a thousand codes of two dimensions. */
const MOST = 60;

/** The map at a step. */
export interface MapState<Seen> {
  step: number;
  seen: Seen;
}

export class MapHistory<Seen> {
  private kept: MapState<Seen>[] = [];
  /** Steps that must lie between two states. */
  private apart = 1;

  clear(): void {
    this.kept = [];
    this.apart = 1;
  }

  /** @returns whether it was kept */
  add(step: number, seen: Seen): boolean {
    const last = this.kept.at(-1);
    if (last && step - last.step < this.apart) return false;
    this.kept.push({ step, seen });
    if (this.kept.length > MOST) {
      this.kept = this.kept.filter((_, i) => i % 2 === 0);
      const [first, end] = [this.kept[0], this.kept.at(-1)];
      this.apart = Math.max(1, Math.floor(((end?.step ?? 0) - (first?.step ?? 0)) / (MOST / 2)));
    }
    return true;
  }

  get states(): readonly MapState<Seen>[] {
    return this.kept;
  }
}
