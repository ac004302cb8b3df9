namespace Orchestration.Workflows.Forecast.Queueing;

/// <content>How a run begins: what is open, who waits for whom, and what will arrive.</content>
internal sealed partial class OfficeRun
{
    private void Begin(int run)
    {
        (_run, _missing) = (run, _trackedCount);
        _events.Clear();
        Array.Fill(_current, -1);
        Array.Clear(_idle);
        Array.Clear(_shift);
        Array.Clear(_place);
        Array.Clear(_ownPlace);
        Array.Clear(_turn);
        for (var i = 0; i < _o.Classes; i++)
        {
            _waiting[i].Clear();
            _late[i].Clear();
        }

        Array.Fill(_done, Office.Never, 0, _o.Tasks);
        Array.Clear(_paused, 0, _o.Tasks);
        Array.Fill(_left, -1, 0, _o.Tasks);
        Array.Fill(_waitFrom, -1, 0, _o.Tasks);
        Array.Copy(_o.Class, _class, _o.Tasks);
        Array.Copy(_o.Key, _key, _o.Tasks);
        Array.Copy(_o.LateAfter, _lateAfter, _o.Tasks);
        Array.Copy(_o.Owner, _holder, _o.Tasks);
        for (var i = 0; i < _o.Tasks; i++)
        {
            if (_o.WaitsSince[i] == Office.Never)
                continue;
            _waitFrom[i] = 0;
            var back = (int)Math.Min(_o.Step[i].Wait.Left(_o.WaitsSince[i], Unit(i, Draw.Wait)), 1e8);
            PlanReturn(i, Math.Min(back, _o.WaitsUntil[i]));
        }

        for (var i = 0; i < _o.People; i++)
        {
            _own[i].Clear();
            _events.Push(i);
            if (_o.LentClasses[i] is not null && _o.LentFrom[i] > 0)
                _events.Push((long)_o.LentFrom[i] << 32 | (uint)i);
        }

        Arrive();
    }

    private void Arrive()
    {
        var count = 0;
        for (var s = 0; s < _o.Streams; s++)
        {
            var mean = _o.StreamMean[s] * Math.Exp(_o.LoadSpread * Draw.Normal(Unit(ArrivalItems + _o.StreamJourney[s], Draw.Load)));
            var arrived = Draw.Poisson(mean, Unit(ArrivalItems + (s << 12), Draw.Count));
            var times = _o.StreamTimes[s];
            for (var k = 0; k < arrived; k++)
            {
                // The hour by its weight, the minute within it evenly.
                var item = ArrivalItems + (s << 12) + (k & 0xFFF);
                var unit = Unit(item, Draw.Time) * times[^1];
                var hour = Math.Min(FirstAbove(times, unit), times.Length - 1);
                var before = hour == 0 ? 0 : times[hour - 1];
                var at = hour * 60 + (int)(60 * (unit - before) / Math.Max(1e-9, times[hour] - before));
                if (count == _arrivals.Length)
                    Array.Resize(ref _arrivals, count * 2);
                _arrivals[count++] = (long)at << 32 | (uint)(item - ArrivalItems);
            }
        }

        Array.Sort(_arrivals, 0, count);
        Grow(_o.Tasks + count);
        (_arriving, _arrived) = (count, 0);
        for (var i = 0; i < count; i++)
        {
            var task = _o.Tasks + i;
            var (at, item) = ((int)(_arrivals[i] >> 32), (int)(uint)_arrivals[i]);
            var s = item >> 12;
            (_stream[task], _item[task], _class[task], _holder[task]) = (s, ArrivalItems + item, _o.StreamClass[s], -1);
            (_done[task], _paused[task], _left[task], _waitFrom[task]) = (Office.Never, 0, -1, -1);
            var due = _o.StreamDue[s] is { } offset ? at + (int)offset.At(Unit(ArrivalItems + item, Draw.Due)) : 1_000_000 + at;
            _key[task] = (_o.StreamPriority[s] == 1 ? -(1 << 27) : 0) + Math.Min(due, 4_000_000) * Office.KeyScale;
            _lateAfter[task] = due - (int)_o.StreamStep[s].Effort.Mean;
        }
    }

    private static int FirstAbove(double[] sums, double value)
    {
        var (low, high) = (0, sums.Length);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (sums[middle] > value)
                high = middle;
            else
                low = middle + 1;
        }

        return low;
    }

    private void Grow(int count)
    {
        if (count <= _class.Length)
            return;
        var room = count + count / 4;
        Array.Resize(ref _class, room);
        Array.Resize(ref _key, room);
        Array.Resize(ref _lateAfter, room);
        Array.Resize(ref _done, room);
        Array.Resize(ref _paused, room);
        Array.Resize(ref _waitFrom, room);
        Array.Resize(ref _holder, room);
        Array.Resize(ref _left, room);
        Array.Resize(ref _stream, room);
        Array.Resize(ref _item, room);
    }
}
