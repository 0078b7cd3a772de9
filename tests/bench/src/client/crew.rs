//! Connections that each walk through a script as fast as the server answers: a closed loop, on one thread with `epoll`.

use std::io;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::event::{Timespec, epoll};

use super::answer::Extent;
use super::line::{Address, Line};
use super::measured::Measured;
use super::script::{Script, Step};

/// Longest silence of a server before the benchmark ends.
const PATIENCE: Duration = Duration::from_secs(30);

/// Connections that stay open from round to round.
pub(crate) struct Crew {
    epoll: OwnedFd,
    members: Vec<Member>,
}

struct Member {
    script: Box<dyn Script>,
    address: Address,
    line: Line,
    read: Vec<u8>,
    filled: usize,
    request: Vec<u8>,
    /// When the first request of the operation under way was sent; none between rounds.
    begun: Option<Instant>,
}

impl Crew {
    /// Opens a connection for each script.
    pub(crate) fn connect(address: &Address, scripts: impl IntoIterator<Item = Box<dyn Script>>) -> Crew {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC).unwrap();
        let mut crew = Crew { epoll, members: Vec::new() };
        for script in scripts {
            let line = Line::open(address).unwrap();
            let member =
                Member { script, address: address.clone(), line, read: vec![0; 8192], filled: 0, request: Vec::new(), begun: None };
            crew.watch(&member.line, crew.members.len());
            crew.members.push(member);
        }
        crew
    }

    fn watch(&self, line: &Line, index: usize) {
        epoll::add(&self.epoll, line.socket(), epoll::EventData::new_u64(index as u64), epoll::EventFlags::IN).unwrap();
    }

    /// How many connections.
    pub(crate) fn size(&self) -> usize {
        self.members.len()
    }

    pub(super) fn epoll(&self) -> &OwnedFd {
        &self.epoll
    }

    /// Lets all of them work for a time; what is under way at its end is brought to its end. A wrong answer ends the benchmark.
    pub(crate) fn run(&mut self, time: Duration) -> Measured {
        let begun = Instant::now();
        self.work(begun, begun + time, usize::MAX)
    }

    /// Lets all of them complete so many operations together, roughly.
    pub(crate) fn complete(&mut self, operations: usize) -> Measured {
        let begun = Instant::now();
        self.work(begun, begun + Duration::from_hours(1), operations)
    }

    fn work(&mut self, begun: Instant, ends: Instant, most: usize) -> Measured {
        let (mut latencies, mut refused, mut busy) = (Vec::new(), 0, 0);
        for index in 0..self.members.len().min(most) {
            self.begin_at(index, Instant::now());
            busy += 1;
        }
        let mut events = Vec::with_capacity(self.members.len().max(1));
        while busy > 0 {
            events.clear();
            wait(&self.epoll, &mut events);
            for event in &events {
                let index = usize::try_from(event.data.u64()).unwrap();
                let Some((step, started)) = self.outcome(index) else { continue };
                match step {
                    Step::Done => latencies.push(u32::try_from(started.elapsed().as_micros()).unwrap_or(u32::MAX)),
                    Step::Refused => refused += 1,
                    Step::Wrong(what) => panic!("a wrong answer: {what}"),
                    Step::More => {
                        self.begin_at(index, started);
                        continue;
                    }
                }
                if Instant::now() < ends && latencies.len() + busy <= most {
                    self.begin_at(index, Instant::now());
                } else {
                    busy -= 1;
                }
            }
        }
        Measured::new(latencies, refused, begun.elapsed())
    }

    /// Sends the next request of a member, whose operation began at `moment`.
    pub(super) fn begin_at(&mut self, index: usize, moment: Instant) {
        let member = &mut self.members[index];
        member.begun = Some(moment);
        member.request.clear();
        member.script.request(&mut member.request);
        if member.line.send(&member.request).is_err() {
            self.reconnect(index);
            let member = &mut self.members[index];
            member.line.send(&member.request).unwrap();
        }
    }

    /// A new connection for a member; the old one leaves `epoll` by being closed.
    fn reconnect(&mut self, index: usize) {
        let member = &mut self.members[index];
        member.line = Line::open(&member.address).unwrap();
        member.filled = 0;
        self.watch(&self.members[index].line, index);
    }

    /// What became of a member's request, and when its operation began; none while the answer is not complete.
    pub(super) fn outcome(&mut self, index: usize) -> Option<(Step, Instant)> {
        let step = self.read(index)?;
        Some((step, self.members[index].begun.take()?))
    }

    /// Reads what is there; the step that a complete answer leads to.
    fn read(&mut self, index: usize) -> Option<Step> {
        let member = &mut self.members[index];
        if member.filled == member.read.len() {
            member.read.resize(2 * member.filled, 0);
        }
        let ended = match member.line.receive(&mut member.read[member.filled..]) {
            Ok(0) => true,
            Ok(count) => {
                member.filled += count;
                false
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return None,
            Err(_) => true,
        };
        if ended && member.begun.is_none() {
            // A connection that waits for its next round may be closed by the server.
            self.reconnect(index);
            return None;
        }
        let read = &member.read[..member.filled];
        let Some(extent) = Extent::find(read, ended) else {
            if ended && member.filled == 0 {
                // Closed between two requests, before the server saw the second one.
                self.reconnect(index);
                let member = &mut self.members[index];
                member.line.send(&member.request).unwrap();
            }
            return None;
        };
        assert_eq!(extent.length, member.filled, "the server says more than it was asked");
        let step = member.script.answer(&extent.answer(read));
        let closed = ended || extent.closes;
        member.filled = 0;
        if closed {
            self.reconnect(index);
        }
        Some(step)
    }
}

fn wait(epoll: &OwnedFd, events: &mut Vec<epoll::Event>) {
    let patience = Timespec::try_from(PATIENCE).unwrap();
    loop {
        match epoll::wait(epoll, rustix::buffer::spare_capacity(events), Some(&patience)) {
            Ok(0) => panic!("the server was silent for {PATIENCE:?}"),
            Ok(_) => return,
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => panic!("epoll: {error}"),
        }
    }
}
