# SPDX-License-Identifier: BSD-2-Clause
"""A bare-metal root cell as the test's hand: it makes hypercalls, and the emulator's door to memory brings what it needs."""
import ctypes
import struct

from direct import PROXY_AT, abi

CONFIG_AT = PROXY_AT + 0x100000		# where configurations are put for HC_CELL_CREATE


class RootCell:
    """Manages the cells of a bundle that has direct.ROOT_CELL. Methods give what the hypercall gives."""

    def __init__(self, machine, bundle):
        self.machine = machine
        self.ids, self.files, self.images = {}, {}, {}
        for name, (config, images) in bundle.cells_by_name().items():
            self.ids[name], self.files[name], self.images[name] = config.cell.id, config, images

    def call(self, code, name, *arguments):
        return self.machine.hypercall(code, self.ids[name], *arguments)

    def create(self, name):
        self.machine.memory.write(CONFIG_AT, self.files[name].bytes())
        return self.machine.hypercall(abi.HC_CELL_CREATE, CONFIG_AT)

    def set_loadable(self, name):
        return self.call(abi.HC_CELL_SET_LOADABLE, name)

    def load(self, name):
        """What the bundle has loaded into the cell. Its memory has to be the root cell's to write now; the door does not ask."""
        for address, content in self.images[name]:
            region = next(region for region in self.files[name].memory_regions
                          if region.virt_start <= address < region.virt_start + region.size)
            self.machine.memory.write(region.phys_start + address - region.virt_start, content)

    def start(self, name):
        return self.call(abi.HC_CELL_START, name)

    def destroy(self, name):
        return self.call(abi.HC_CELL_DESTROY, name)

    def state(self, name):
        return self.call(abi.HC_CELL_GET_STATE, name)

    def fault(self, name):
        """The record of the cell's first violation, which nobody writes meanwhile."""
        pieces = [self.call(abi.HC_CELL_FAULT, name, n) for n in range(ctypes.sizeof(abi.Fault) // 4)]
        fault = abi.Fault.from_buffer_copy(struct.pack(f"<{len(pieces)}I", *pieces))
        assert fault.complete == fault.begun and fault.complete <= fault.starts
        return fault

    def trace(self, cpu, since=0):
        """Header of a CPU's trace, and its events from number since on, as far as they are kept, by the reader's protocol."""
        pieces = [self.machine.hypercall(abi.HC_TRACE, cpu, n) for n in range(abi.BH_TRACE_HEADER_PIECES)]
        header = abi.TraceHeader.from_buffer_copy(struct.pack(f"<{len(pieces)}I", *pieces))
        assert header.num_events == abi.BH_TRACE_SLOTS and header.now_high == header.now_again
        events = {}
        for number in range(max(since, header.position - abi.BH_TRACE_KEPT), header.position):
            first = abi.BH_TRACE_HEADER_PIECES + number % abi.BH_TRACE_SLOTS * abi.BH_TRACE_EVENT_PIECES
            pieces = [self.machine.hypercall(abi.HC_TRACE, cpu, first + n) for n in range(abi.BH_TRACE_EVENT_PIECES)]
            events[number] = abi.TraceEvent.from_buffer_copy(struct.pack(f"<{len(pieces)}I", *pieces))
        position = self.machine.hypercall(abi.HC_TRACE, cpu, 0)
        return header, [event for number, event in events.items() if number + abi.BH_TRACE_KEPT >= position]

    def console(self, name):
        """What the cell has printed and the hypervisor has said about it, nobody printing meanwhile; at most 4080 characters."""
        pieces = [self.call(abi.HC_CELL_CONSOLE, name, n) for n in range(ctypes.sizeof(abi.CellConsole) // 4)]
        assert min(pieces) >= 0
        content = struct.pack(f"<{len(pieces)}I", *pieces)
        console = abi.CellConsole.from_buffer_copy(content)
        assert console.complete == console.begun
        ring = content[8:-8]
        return bytes(ring[n % len(ring)] for n in range(max(console.begun - len(ring), 0), console.complete)).decode()

    def pages_used(self):
        return [self.machine.hypercall(abi.HC_HYPERVISOR_INFO, item)
                for item in (abi.HV_INFO_MEM_POOL_USED, abi.HV_INFO_REMAP_POOL_USED)]

    def num_cells(self):
        return self.machine.hypercall(abi.HC_HYPERVISOR_INFO, abi.HV_INFO_NUM_CELLS)

    def cpus(self, name):
        mask = self.call(abi.HC_CELL_INFO, name, abi.CELL_INFO_CPUS_BASE)
        return [cpu for cpu in range(32) if mask >> cpu & 1]
