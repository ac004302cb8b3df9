namespace Orchestration.Workflows.Forecast.Queueing;

/// <summary>
/// Lets an office work through its tasks once: whoever is there and free goes on with their own task, else takes the first task they may take; what nobody is
/// free for waits. It keeps its memory from run to run and is used by one thread at a time.
/// </summary>
internal sealed partial class OfficeRun
{
    private const int ArrivalItems = 1 << 24;

    private readonly Office _o;
    private readonly bool[] _tracked;
    private readonly int _trackedCount;

    private readonly int[] _current;
    private readonly bool[] _idle;
    private readonly int[] _idleSince;
    private readonly int[] _shift;
    private readonly int[] _place;
    private readonly int[] _ownPlace;
    private readonly int[] _turn;
    private readonly MinHeap[] _waiting;
    private readonly MinHeap[] _late;
    private readonly MinHeap[] _own;
    private MinHeap _events;

    // By task; those that arrive in this run follow the open ones.
    private int _arriving;
    private int _arrived;
    private int[] _class;
    private int[] _key;
    private int[] _lateAfter;
    private int[] _done;
    private int[] _paused;
    private int[] _waitFrom;
    private int[] _holder;
    private double[] _left;
    private int[] _stream;
    private int[] _item;
    private long[] _arrivals = new long[256];

    private int _run;
    private int _missing;

    public OfficeRun(Office office)
    {
        _o = office;
        _current = new int[office.People];
        (_idle, _idleSince, _shift) = (new bool[office.People], new int[office.People], new int[office.People]);
        (_ownPlace, _own) = (new int[office.People], new MinHeap[office.People]);
        (_place, _turn) = (new int[office.Classes], new int[office.Classes]);
        (_waiting, _late) = (new MinHeap[office.Classes], new MinHeap[office.Classes]);
        var room = office.Tasks + 1024;
        (_class, _key, _lateAfter, _done) = (new int[room], new int[room], new int[room], new int[room]);
        (_paused, _waitFrom, _holder, _left) = (new int[room], new int[room], new int[room], new double[room]);
        (_stream, _item) = (new int[room], new int[room]);
        _tracked = new bool[office.Tasks];
        for (var i = 0; i < office.Clocks; i++)
        {
            if (office.ClockTask[i] >= 0)
                _tracked[office.ClockTask[i]] = true;
            foreach (var task in office.ClockTasks[i])
                _tracked[task] = true;
        }

        _trackedCount = _tracked.Count(tracked => tracked);
    }

    /// <summary>How many tasks people began, in all runs: what the work costs.</summary>
    public long Begun { get; private set; }

    /// <summary>Minutes of work of the first day, by person, in all runs; null: not counted.</summary>
    public int[]? BusyUntilFirstDay { get; set; }

    /// <summary>When each clock ended and when it was due, in one run.</summary>
    public void Run(int run, Span<int> ended, Span<int> due)
    {
        Begin(run);
        while (_missing > 0)
        {
            // What arrives is sorted already: the heap stays small.
            var arrives = _arrived < _arriving ? _arrivals[_arrived] : long.MaxValue;
            if (_events.Count == 0 && arrives == long.MaxValue)
                break;
            var isArrival = _events.Count == 0 || arrives < _events.Peek;
            var next = isArrival ? arrives : _events.Pop();
            var (at, code) = ((int)(next >> 32), (int)(uint)next);
            if (at > _o.Horizon)
                break;
            if (isArrival)
                Return(_o.Tasks + _arrived++, at);
            else if (code < _o.People)
                Look(code, at);
            else if (code < 2 * _o.People)
                Finish(code - _o.People, at);
            else
                Return(code - 2 * _o.People, at);
        }

        for (var i = 0; i < _o.Clocks; i++)
            (ended[i], due[i]) = _o.ClockTask[i] >= 0 ? EndOfTask(i) : (EndOfCase(i), _o.ClockDue[i]);
    }

    private void Look(int person, int at)
    {
        if (_current[person] >= 0)
            return;
        if (!IsThere(person, at))
        {
            _idle[person] = false;
            PlanShift(person, at);
            return;
        }

        var task = IsLent(person, at) ? First(_o.LentClasses[person]!, at) : -1;
        if (task < 0)
            task = FirstOwn(person);
        if (task < 0 && !IsLent(person, at))
            task = First(_o.ClassesOf[person], at);
        if (task >= 0)
        {
            Start(person, task, at);
            return;
        }

        if (!_idle[person])
            (_idle[person], _idleSince[person]) = (true, at);
        PlanShift(person, at);
    }

    private int FirstOwn(int person)
    {
        var sorted = _o.Own[person];
        var kept = _ownPlace[person] < sorted.Length ? sorted[_ownPlace[person]] : long.MaxValue;
        if (_own[person].Count > 0 && _own[person].Peek < kept)
            return (int)(uint)_own[person].Pop();
        if (kept == long.MaxValue)
            return -1;
        _ownPlace[person]++;
        return (int)(uint)kept;
    }

    /// <summary>The first task of these classes. Of a team whose work is pushed, what can't be in time any more waits for its share.</summary>
    private int First(int[] classes, int at)
    {
        var (best, of) = (long.MaxValue, -1);
        foreach (var c in classes)
        {
            var head = Head(c, at);
            if (head < best)
                (best, of) = (head, c);
        }

        if (of < 0)
            return -1;
        _turn[of]++;
        if (_late[of].Count > 0 && _late[of].Peek == best)
            return (int)(uint)_late[of].Pop();
        if (_waiting[of].Count > 0 && _waiting[of].Peek == best)
            return (int)(uint)_waiting[of].Pop();
        _place[of]++;
        return (int)(uint)best;
    }

    private long Head(int c, int at)
    {
        while (true)
        {
            var sorted = _o.Queue[c];
            var head = _place[c] < sorted.Length ? sorted[_place[c]] : long.MaxValue;
            var isExtra = _waiting[c].Count > 0 && _waiting[c].Peek < head;
            if (isExtra)
                head = _waiting[c].Peek;
            if (_o.LateShare[c] < 0)
                return head;
            if (head != long.MaxValue && _lateAfter[(int)(uint)head] < at)
            {
                if (isExtra)
                    _waiting[c].Pop();
                else
                    _place[c]++;
                _late[c].Push(head);
                continue;
            }

            var lateIsNext = Distribution.Matching.WorkKey.LateIsNext(_turn[c], _o.LateShare[c]);
            return _late[c].Count > 0 && (lateIsNext || head == long.MaxValue) ? _late[c].Peek : head;
        }
    }

    private void Start(int person, int task, int at)
    {
        Begun++;
        _idle[person] = false;
        var step = StepOf(task);
        var item = ItemOf(task);
        if (_left[task] < 0)
        {
            var isOpen = task < _o.Tasks;
            var effort =
                isOpen && _o.Worked[task] >= 0 && _o.Owner[task] == person
                    ? step.Effort.Left(_o.Worked[task], Unit(item, Draw.Effort))
                    : step.Effort.At(Unit(item, Draw.Effort)) * (isOpen ? _o.Share[task] : 1);
            var waits = (!isOpen || _o.MayWait[task]) && Unit(item, Draw.Waits) < step.Waits;
            _left[task] = waits ? effort / 2 : effort;
            _waitFrom[task] = waits ? -2 : -1;
        }

        _holder[task] = person;
        _current[person] = task;
        var end = After(person, at, (int)Math.Max(1, Math.Ceiling(_left[task] * _o.Speed[person])));
        if (BusyUntilFirstDay is { } busy)
            busy[person] += Math.Max(0, Math.Min(end, Office.FirstDay) - Math.Min(at, Office.FirstDay));
        if (end != Office.Never)
            _events.Push((long)end << 32 | (uint)(_o.People + person));
    }

    private void Finish(int person, int at)
    {
        var task = _current[person];
        _current[person] = -1;
        if (_waitFrom[task] == -2)
        {
            _waitFrom[task] = at;
            PlanReturn(task, at + (int)Math.Min(1e8, StepOf(task).Wait.At(Unit(ItemOf(task), Draw.Wait))));
        }
        else
        {
            _done[task] = at;
            if (task < _o.Tasks && _tracked[task])
                _missing--;
        }

        var free = After(person, at, (int)_o.Gap.At(Unit(ItemOf(task), Draw.Gap)));
        if (free <= at)
            Look(person, at);
        else if (free != Office.Never)
            _events.Push((long)free << 32 | (uint)person);
    }

    /// <summary>A task arrives, or its wait is over.</summary>
    private void Return(int task, int at)
    {
        if (_waitFrom[task] >= 0)
        {
            _paused[task] += task < _o.Tasks && _o.TaskAxis[task] is { } axis ? axis.Open(at) - axis.Open(_waitFrom[task]) : 0;
            _waitFrom[task] = -1;
        }

        if (_holder[task] is >= 0 and var holder)
        {
            _own[holder].Push(Office.Entry(_key[task], task));
            if (_current[holder] < 0 && _idle[holder])
                Look(holder, at);
            return;
        }

        var c = _class[task];
        if (c < 0)
            return;
        _waiting[c].Push(Office.Entry(_key[task], task));
        var (longest, since) = (-1, int.MaxValue);
        foreach (var person in _o.PeopleOf[c])
        {
            if (_idle[person] && _idleSince[person] < since && IsThere(person, at) && Takes(person, c, at))
                (longest, since) = (person, _idleSince[person]);
        }

        if (longest >= 0)
            Look(longest, at);
    }

    private (int Ended, int Due) EndOfTask(int clock)
    {
        var task = _o.ClockTask[clock];
        var (end, due) = (_done[task], _o.ClockDue[clock]);
        if (!_o.ClockPauses[clock])
            return (end, due);
        var paused = _paused[task];
        var axis = _o.ClockAxis[clock];

        // It still waits: the clock stands still, and nothing is late.
        if (_waitFrom[task] >= 0)
            return (end, Office.Never);
        return (end, paused == 0 ? due : Math.Max(due, axis.Wall(axis.Open(due) + paused)));
    }

    private int EndOfCase(int clock)
    {
        var axis = _o.ClockAxis[clock];
        var unit = Unit(1 << 23 | clock, Draw.Rest);
        if (_o.ClockRest[clock] is { } rest)
            return axis.Wall((int)rest.Left(_o.ClockRestPassed[clock], unit));
        var end = 0;
        var tasks = _o.ClockTasks[clock];
        for (var i = 0; i < tasks.Length; i++)
        {
            var done = _done[tasks[i]];
            if (done == Office.Never)
                return Office.Never;
            var after = (int)Math.Round(_o.ClockAfter[clock][i].At(unit));
            end = Math.Max(end, after == 0 ? done : axis.Wall(axis.Open(done) + after));
        }

        return end;
    }

    private void PlanReturn(int task, int at)
    {
        if (at <= _o.Horizon)
            _events.Push((long)at << 32 | (uint)(2 * _o.People + task));
    }

    /// <summary>They look again when their next shift begins.</summary>
    private void PlanShift(int person, int at)
    {
        var next = IsThere(person, at) ? _shift[person] + 1 : _shift[person];
        if (next < _o.ShiftFrom[person].Length)
            _events.Push((long)_o.ShiftFrom[person][next] << 32 | (uint)person);
    }

    private bool IsThere(int person, int at)
    {
        var until = _o.ShiftUntil[person];
        while (_shift[person] < until.Length && until[_shift[person]] <= at)
            _shift[person]++;
        return _shift[person] < until.Length && _o.ShiftFrom[person][_shift[person]] <= at;
    }

    private bool Takes(int person, int c, int at) =>
        _o.LentClasses[person] is not { } lent || Array.IndexOf(IsLent(person, at) ? lent : _o.ClassesOf[person], c) >= 0;

    private bool IsLent(int person, int at) => _o.LentClasses[person] is not null && at >= _o.LentFrom[person] && at < _o.LentUntil[person];

    /// <summary>When so many minutes of work are done: they go on in the next shift.</summary>
    private int After(int person, int at, int minutes)
    {
        var (from, until) = (_o.ShiftFrom[person], _o.ShiftUntil[person]);
        for (var i = _shift[person]; i < until.Length; i++)
        {
            var begin = Math.Max(at, from[i]);
            if (begin + minutes <= until[i])
                return begin + minutes;
            minutes -= Math.Max(0, until[i] - begin);
        }

        return Office.Never;
    }

    private StepModel StepOf(int task) => task < _o.Tasks ? _o.Step[task] : _o.StreamStep[_stream[task]];

    private int ItemOf(int task) => task < _o.Tasks ? task : _item[task];

    private double Unit(int item, int purpose) => Draw.Unit(_o.Seed, _run, item, purpose);
}
